"""A conformance suite of our own for OCI registries: operations x data sets, over HTTP.

Written from the distribution specification 1.1, the image specification and what the former has
gained since. `data_sets` says what is pushed, `grid` which operations there are and in what order
they are tried, `refusals` what a registry must not take. A cell is one operation on one data set:
it passes, fails with an AssertionError that shows the exchange, or does not apply.
"""
