"""Bytes: blobs, who needs them, giving space back."""
