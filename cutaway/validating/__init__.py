"""Validation: what was measured, predicted by the model, with the error of every figure.

setups      which machine and load a measured row is about
loads       simulates a load and reads its figures as the load generator of the measurement reported them
starts      start-up times and memory
factor      the plain model to beat: the calibrated figure times a constant
scores      errors, spreads, bars, summaries
report      as text and HTML
"""
