"""The order of the stages, and the public `Derivative`. (Being written; see docs/design.md.)"""
