"""Traffic as a pixel sees it, made up from a seed."""
