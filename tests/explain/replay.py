"""Every line of a derivation evaluated: its right side has the value that its left side has."""

import numpy as np

from eingrad.verify import evaluate, sample_points, sample_sizes

STEP = 1e-5


class Replay:
    """A derivation at a random point, along a random direction."""

    def __init__(self, d, made):
        self.d, self.made = d, made
        full = [q.full for q in made.quantities]
        self.sizes = sample_sizes(*full, d.of, d.node)
        (self.point,) = sample_points([d.of, d.node, *full], 1, self.sizes)
        x = made.start.variable
        shape = tuple(k.evaluate(self.sizes) for k in x.shape)
        move = np.random.default_rng(7).normal(size=shape)
        if {"symmetric", "spd"} & x.facts:  # else the triangle that is not read would move
            move = move + move.T
        self.move = move
        self.names = {**self.point, made.start.direction.name: move}
        for q in made.quantities:
            self.names[q.name] = evaluate(q.full, self.point, self.sizes)
            ahead, behind = (self._moved(q.full, x.name, s * STEP) for s in (1, -1))
            self.names[q.direction.name] = (ahead - behind) / (2 * STEP)

    def _moved(self, node, name, step):
        point = {**self.point, name: np.asarray(self.point[name]) + step * self.move}
        return evaluate(node, point, self.sizes)

    def value(self, node):
        return evaluate(node, self.names, self.sizes)

    def agrees(self, got, wanted):
        got, wanted = np.asarray(got), np.asarray(wanted)
        assert got.shape == wanted.shape
        scale = 1 + np.abs(wanted).max(initial=0)
        np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-7 * scale)

    def lines(self):
        """Each line against what its left side is called."""
        count = 0
        for step in self.made.steps:
            for eq in step.equations:
                if eq.node is not None and eq.of:
                    q = next(q for q in self.made.quantities if q.name == eq.of)
                    name = q.direction.name if eq.differential else q.name
                    self.agrees(self.value(eq.node), self.names[name])
                    count += 1
        return count

    def joins(self):
        """Each step against the one before."""
        ends = []
        for step in self.made.steps:
            if step.start is not None and step.kind != "convention":
                before, after = self.value(step.start), self.value(step.end)
                if step.kind == "read off":
                    after = np.tensordot(after, self.move, self.move.ndim)
                self.agrees(after, before)
            if step.start is not None and ends:
                assert step.start is ends[-1]
            if step.end is not None:
                ends.append(step.end)
        return ends
