"""What is generated under docs/, and from what."""
