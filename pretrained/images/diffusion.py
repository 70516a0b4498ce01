"""A network that takes noise out of a picture, a little at a time, until a face is left.

Ho et al. 2020 (DDPM, arXiv 2006.11239) teach it: pictures are mixed with noise in a known measure,
and it learns to tell the two apart. Song et al. 2021 (DDIM, arXiv 2010.02502) draw with it in
steps; Karras et al. 2022 (arXiv 2206.00364) say where the steps had best lie, and Lu et al. 2022
(DPM-Solver++, arXiv 2211.01095) take each along the curve that the last two guesses lie on, and
put some new noise in place of what is left, which takes with it the errors made before.
Network and noise schedule are those of ``diffusers``; the picture is folded first, each 2x2 pixels
into one place of twelve channels, so that a step costs a quarter. What comes out is unfolded, and a
last small network at full size smooths the seams between neighbouring places.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pretrained.images.model import SIZE

#: Pixels a side that are folded into channels.
FOLD = 2
#: Degrees of noise, from nearly none to nothing but noise.
DEGREES = 1_000
#: How many times as much noise as picture there is at the first and at the last step, and how
#: unevenly the steps between are spread. Chosen by the distance to training faces.
FIRST, LAST, BEND = 80.0, 0.2, 5.0


class Denoiser(nn.Module):
    """A U-Net (Ronneberger et al. 2015) told how noisy its picture is.

    It answers with the *velocity* (Salimans & Ho 2022, arXiv 2202.00512), which says what is
    picture and what is noise equally well at every degree.

    Args:
        widths: channels at 32x32 and at each halving; the middle also has attention.
        blocks: residual blocks at each size.
        dropout: share of the numbers hidden while training.
        finish: channels of the network at full size; 0: there is none. It begins by adding nothing.
    """

    def __init__(
        self,
        widths: Sequence[int] = (48, 96, 192),
        blocks: int = 1,
        dropout: float = 0.0,
        finish: int = 0,
    ) -> None:
        super().__init__()
        from diffusers import DDIMScheduler, UNet2DModel

        channels = 3 * FOLD**2
        self.unet = UNet2DModel(
            sample_size=SIZE // FOLD,
            in_channels=channels,
            out_channels=channels,
            block_out_channels=tuple(widths),
            layers_per_block=blocks,
            down_block_types=("DownBlock2D",) * len(widths),
            up_block_types=("UpBlock2D",) * len(widths),
            norm_num_groups=16,
            attention_head_dim=32,
            dropout=dropout,
        )
        self.finish: nn.Sequential | None = None
        if finish:
            last = nn.Conv2d(finish, 3, 3, padding=1)
            for weights in last.parameters():
                nn.init.zeros_(weights)
            first = nn.Conv2d(6, finish, 3, padding=1)
            self.finish = nn.Sequential(first, nn.SiLU(), last)
        #: Its last degree is nothing but noise (Lin et al. 2023, arXiv 2305.08891).
        self.schedule: Any = DDIMScheduler(
            num_train_timesteps=DEGREES,
            beta_schedule="squaredcos_cap_v2",
            prediction_type="v_prediction",
            rescale_betas_zero_snr=True,
            timestep_spacing="trailing",
            clip_sample=True,
        )
        self.register_buffer("kept", self.schedule.alphas_cumprod.clone(), persistent=False)
        self.kept: Tensor

    def shares(self, degrees: Tensor) -> tuple[Tensor, Tensor]:
        """Degrees [N], -1 for no noise -> share of picture and of noise, each [N, 1, 1, 1]; their
        squares add up to one."""
        kept = torch.where(degrees < 0, torch.ones_like(self.kept[degrees]), self.kept[degrees])
        return kept.sqrt().view(-1, 1, 1, 1), (1 - kept).sqrt().view(-1, 1, 1, 1)

    def forward(self, noisy: Tensor, degrees: Tensor) -> Tensor:
        """Pictures [N, 3, 64, 64] in -1..1 with noise of ``degrees`` [N] -> velocity, as large."""
        folded = F.pixel_unshuffle(noisy, FOLD)
        velocity = F.pixel_shuffle(self.unet(folded, degrees).sample, FOLD)
        if self.finish is not None:
            velocity = velocity + self.finish(torch.cat([velocity, noisy], 1))
        return velocity

    def degrees(self, steps: int) -> list[int]:
        """Where a drawing of so many steps stands before each: high to low, the last one -1. The
        first is nothing but noise; the others lie closest where noise begins to be a picture, for
        how light and of what colour it is is settled there."""
        level = ((1 - self.kept) / self.kept).sqrt().log().cpu()
        first, last = FIRST ** (1 / BEND), LAST ** (1 / BEND)
        wanted = torch.linspace(first, last, steps).pow(BEND).log()
        found = [DEGREES - 1]
        for degree in (level - wanted[1:, None]).abs().argmin(1).tolist():
            found.append(min(degree, found[-1] - 1))
        return [*found, -1]

    def step(
        self,
        noisy: Tensor,
        now: Tensor,
        then: Tensor,
        before: Tensor,
        last: Tensor,
        fresh: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """One step of drawing, for rows that may stand at different degrees.

        Args:
            noisy: [N, 3, 64, 64]. now, then: degrees [N] before and after the step.
            before, last: the degree [N] of the step before, and what each row was taken to be
                there, [N, 3, 64, 64]; at a row's first step its own degree, and anything.
            fresh: new noise, [N, 3, 64, 64]; at a row's first step, its noise: there is no picture
                in it yet.

        Returns:
            The rows at their next degree, and what each was taken to be: both [N, 3, 64, 64].
        """
        picture_share, noise_share = self.shares(now)
        velocity = self(noisy, now).float()
        guess = (picture_share * noisy - noise_share * velocity).clamp(-1, 1)
        clear, clear_then, clear_before = (self.clearness(d) for d in (now, then, before))
        ahead, back = clear_then - clear, clear - clear_before
        bent = ahead.isfinite() & back.isfinite() & (back > 0)
        trend = torch.where(bent, ahead / (2 * back), 0)
        aim = guess + trend * (guess - last)
        stays = torch.exp(-ahead)  # of the noise that there is; 0 at the first and the last step
        noise = stays * (noisy - picture_share * aim) / noise_share
        noise = noise + (1 - stays.square()).sqrt() * fresh
        picture_share, noise_share = self.shares(then)
        return picture_share * aim + noise_share * noise, guess

    def clearness(self, degrees: Tensor) -> Tensor:
        """Logarithm of picture over noise at degrees [N], infinite at both ends: [N, 1, 1, 1]."""
        picture_share, noise_share = self.shares(degrees)
        return picture_share.log() - noise_share.log()
