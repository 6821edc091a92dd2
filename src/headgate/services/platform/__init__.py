"""What belongs to the installation as a whole: its settings, and what users keep of their own."""
