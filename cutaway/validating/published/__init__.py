"""Published measurements, predicted: each source's machine from its points for calibrating, then its points for validating.

points      the points of each source, as they were published
machines    profiles derived from another's costs: some taken over, the others scaled by one factor
loads       one load on one machine, simulated; and the factor with which the model meets a published figure
case        what every reached source gives; servers, databases, round_trips, streams, starts and computing hold them by what they measured
sources     by source, how its machine is made and which of its points the model reaches
unreached   what the model lacks for the others, and for whole sources
factor      the plain model to beat
validation  all of it together, as a document
printing    as text for 80 columns
figures     which of their figures are drawn
reproducing a figure: curves, bands, and what each point was used for
plots       the pictures
report      all of it as one HTML file, or a picture alone
"""
