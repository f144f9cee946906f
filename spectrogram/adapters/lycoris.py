"""LoHa, LoKr and LoCon's CP form (LyCORIS, Yeh et al. 2024) as the plain pair that equals each of them.

    LoHa   ΔW = (a₁ b₁) ∘ (a₂ b₂)        of rank r² at most: columns a₁ᵢ ∘ a₂ⱼ, rows b₁ᵢ ∘ b₂ⱼ
    LoKr   ΔW = W₁ ⊗ W₂                  each a matrix or a product: (u₁ ⊗ u₂)(d₁ ⊗ d₂)
    CP     ΔW = up · mid · down          of a convolution: mid and down are one kernel

Nothing is approximated: the products are the same up to the rounding of float32. All pairs are (down (r, in, …),
up (out, r)).
"""

import math

import torch

CP_SUM = "ij...,jn->in..."  # a core (r, r, h, w) with a factor (r, in)


def to_pair(roles: dict[str, torch.Tensor], shape: tuple[int, ...]) -> tuple[torch.Tensor, torch.Tensor, int | None]:
    """(down, up, the rank that alpha is divided by or None) of a layer of weight `shape` (out, in[, h, w]).

    Raises ValueError for a factor that is missing or too many, and RuntimeError for ones that do not fit one another.
    """
    check_whole(set(roles))
    if any(role.startswith("hada") for role in roles):
        down, up, rank = _loha(roles)
    elif any(role.startswith("lokr") for role in roles):
        down, up, rank = _lokr(roles, shape)
    else:
        mid, down = roles["mid"], roles["down"].flatten(1)
        down, up, rank = torch.einsum(CP_SUM, mid, down), roles["up"].flatten(1), len(down)
    down, up = _smallest(down.flatten(1), up)
    if up.shape[0] != shape[0] or down.shape[1] != math.prod(shape[1:]):
        raise ValueError(f"they make a layer of {up.shape[0]} x {down.shape[1]}")
    return down, up, rank


def check_whole(names: set[str]):
    """Raise ValueError unless the names are those of one LoHa, LoKr or CP, all of them and no other."""
    if any(name.startswith("hada") for name in names):
        wanted = {"hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b"}
        wanted |= {"hada_t1", "hada_t2"} if names & {"hada_t1", "hada_t2"} else set()
    elif any(name.startswith("lokr") for name in names):
        wanted = {f"lokr_t{n}" for n in (2,) if f"lokr_t{n}" in names}
        for n in (1, 2):
            parts = {f"lokr_w{n}_a", f"lokr_w{n}_b"}
            wanted |= parts if names & parts or (n == 2 and "lokr_t2" in names) else {f"lokr_w{n}"}
    else:
        wanted = {"up", "mid", "down"}
    if names != wanted:
        missing, more = sorted(wanted - names), sorted(names - wanted)
        told = [f"{', '.join(found)} {what}" for found, what in ((missing, "missing"), (more, "too many")) if found]
        raise ValueError("; ".join(told))


def _loha(roles):
    """Two factorisations, multiplied element by element."""
    ups, downs = [], []
    for n in (1, 2):
        left, right, core = roles[f"hada_w{n}_a"], roles[f"hada_w{n}_b"], roles.get(f"hada_t{n}")
        # With a core, the left factor is (r, out).
        ups.append(left if core is None else left.T)
        downs.append((right if core is None else torch.einsum(CP_SUM, core, right)).flatten(1))
    down = (downs[0][:, None] * downs[1][None]).flatten(0, 1)
    up = (ups[0][:, :, None] * ups[1][:, None]).flatten(1)
    return down, up, len(roles["hada_w1_b"])


def _lokr(roles, shape):
    """A Kronecker product; each of its factors is a matrix or a product itself."""
    down_1, up_1, rank_1 = _factor(roles, "1", ())
    down_2, up_2, rank_2 = _factor(roles, "2", shape[2:])
    down = torch.einsum("ij,kl...->ikjl...", down_1, down_2)
    down = down.reshape(len(down_1) * len(down_2), -1, *down_2.shape[2:])
    return down, torch.kron(up_1, up_2), rank_2 or rank_1


def _factor(roles, n, kernel):
    """(down (r, in, *kernel), up (out, r), rank or None) of one factor."""
    whole = roles.get(f"lokr_w{n}")
    if whole is not None:
        return whole.reshape(*whole.shape[:2], *kernel), torch.eye(len(whole)), None
    left, right, core = roles[f"lokr_w{n}_a"], roles[f"lokr_w{n}_b"], roles.get(f"lokr_t{n}")
    if core is not None:
        return torch.einsum(CP_SUM, core, right), left.T.contiguous(), len(right)
    return right.reshape(len(right), -1, *kernel), left, len(right)


def _smallest(down, up):
    """The same product with no more rows than either side has."""
    if len(down) <= min(up.shape[0], down.shape[1]):
        return down, up
    product = up @ down
    if product.shape[0] <= product.shape[1]:
        return product, torch.eye(product.shape[0])
    return torch.eye(product.shape[1]), product
