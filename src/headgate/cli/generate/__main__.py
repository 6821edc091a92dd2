"""`python -m headgate.cli.generate`: write the data file, or say that it is old."""

import sys

from headgate.cli.generate.data_file import DATA_FILE, rendered

if __name__ == "__main__":
    text = rendered()
    if "--check" in sys.argv[1:]:
        sys.exit(0 if DATA_FILE.exists() and DATA_FILE.read_text() == text else "out of date")
    DATA_FILE.write_text(text)
