"""Base + pieces -> extension, proved before it is saved."""
