"""Files: what people put beside records and into folders, with the versions of each."""
