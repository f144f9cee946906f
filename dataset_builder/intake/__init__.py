"""What people hand over: tables, captions, file names and sound files, read as entries."""
