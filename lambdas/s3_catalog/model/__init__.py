"""Keys, sequencers, events, stored objects, rows, changes: pure data, without AWS."""
