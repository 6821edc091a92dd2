"""What tests stand on: real servers, real packages, real clients, each started and ended here."""
