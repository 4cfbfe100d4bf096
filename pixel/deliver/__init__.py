"""An event becomes durable: sink says how, capture_file does it in files of one's own, spill in the store; deliveries counts it."""
