"""What the pixel needs and costs at a rate of hits: pure functions over prices, measured CPU and Azure's limits."""
