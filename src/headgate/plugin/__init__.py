"""What a content type may import: stable, documented."""
