"""What a measurement tells: results.json, the terminal's table, a page, and the clips to hear first."""
