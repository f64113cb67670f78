"""Fitting what a comparison score means: labelled pictures in, one small file of numbers out."""
