"""Images: what they are made of, the catalogue that can be pulled, the store of a daemon, and how they are pulled and packed."""
