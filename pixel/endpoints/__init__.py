"""Every way in and out over HTTP, one file each."""
