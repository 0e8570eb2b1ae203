"""Random numbers that Rust repeats: SplitMix64 as `crates/train/src/random.rs` has it, and what is drawn with it here."""

import math

import torch

MASK = (1 << 64) - 1
# What a sequence is for; sequences of one seed and several purposes have nothing in common.
HELD_OUT, NOISE, LIME_MASKS, ORDERS, SENSITIVITY, REPEATED = 1, 11, 12, 13, 14, 17


def bits(seed, purpose):
    """The sequence of 64-bit numbers of a seed and a purpose."""
    state = seed ^ (purpose * 0xD1B54A32D192ED03 & MASK)
    while True:
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = state
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & MASK
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB & MASK
        yield z ^ (z >> 31)


def shuffle(items, source):
    """Fisher and Yates' shuffle, in place, from the last place down."""
    for last in range(len(items) - 1, 0, -1):
        other = next(source) % (last + 1)
        items[last], items[other] = items[other], items[last]
    return items


def unit(source):
    """Uniform in [0, 1), a multiple of 2^-53."""
    return (next(source) >> 11) * 2.0**-53


def normal(shape, source):
    """Standard normal numbers in row-major order, two from each two uniform ones (Box and Muller): with u in (0, 1] from
    the first and v in [0, 1) from the second, sqrt(-2 ln u) cos(2 pi v), then sqrt(-2 ln u) sin(2 pi v)."""
    count = math.prod(shape)
    values = []
    while len(values) < count:
        radius = math.sqrt(-2.0 * math.log(((next(source) >> 11) + 1) * 2.0**-53))
        angle = 2.0 * math.pi * unit(source)
        values += [radius * math.cos(angle), radius * math.sin(angle)]
    return torch.tensor(values[:count], dtype=torch.float64).view(shape)


def uniform(shape, bound, source):
    """Uniform in [-bound, bound), row-major."""
    values = [(2.0 * unit(source) - 1.0) * bound for _ in range(math.prod(shape))]
    return torch.tensor(values, dtype=torch.float64).view(shape)


def lime_masks(units, samples, source):
    """LIME's masks, True where a unit is kept. The first keeps all. Each other removes 1 + (next mod units) units, the
    first ones of a shuffle that goes up from place 0: place k is swapped with place k + (next mod (units - k))."""
    masks = [[True] * units]
    for _ in range(samples - 1):
        size = 1 + next(source) % units
        places = list(range(units))
        for k in range(size):
            other = k + next(source) % (units - k)
            places[k], places[other] = places[other], places[k]
        mask = [True] * units
        for place in places[:size]:
            mask[place] = False
        masks.append(mask)
    return masks
