"""The overview map: harbours and their docks by their coordinates."""
