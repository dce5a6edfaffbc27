"""Media worker: packet forwarding, blur pipeline, fail-closed gate, rate control, statistics."""
