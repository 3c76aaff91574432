"""Studies: many runs of one scenario with varied values, kept one by one, stopped and resumed at any moment.

`batches` says what there is to run and `job` runs it, anywhere; `folder` and `index` keep what came of it; `progression`
says when a point has enough replications; `conducting` brings them together on the executor of `workers`. `reading`, `summary` and the rest
look at a folder.
Read first: docs/cutaway/studying.md.
"""
