"""What survives kills: working directories, ledgers, whole files."""
