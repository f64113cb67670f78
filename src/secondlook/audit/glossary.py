"""The words of ISO/IEC 2382-37 and 19795-1 that the report uses, each in one sentence."""

from __future__ import annotations

from typing import Final

TERMS: Final = (
    ("gallery, N", "the people enrolled; N is how many"),
    ("probe", "a picture that is searched in the gallery, or compared with one other"),
    ("reference", "a picture by which somebody was enrolled"),
    ("mated, non-mated", "a comparison of two pictures of one person; of two people"),
    ("comparison score", "how alike two pictures are to the system; no probability"),
    ("threshold", "the score from which the system proposes somebody as a candidate"),
    ("candidate", "somebody enrolled whom the system proposes: a lead to check, no identification"),
    (
        "FPIR",
        "false positive identification rate: of the searches of people who are not enrolled, how many propose somebody",
    ),
    (
        "FNIR",
        "false negative identification rate: of the searches of enrolled people, how many do not propose the right one",
    ),
    ("FMR", "of the comparisons of two people, how many reach the threshold"),
    ("FNMR", "of the comparisons of one person with itself, how many do not"),
    ("FTA", "failure to acquire: pictures in which no face could be compared; each counts as a miss"),
    ("EER", "equal error rate: where FMR and FNMR are the same; for comparing systems, not for use"),
    ("DET", "detection error trade-off: both kinds of error at every threshold"),
    ("CMC, rank", "how often the right person is among the first k, if it is certain that the person is enrolled"),
    ("open set, closed set", "strangers may pass by; everybody who passes by is enrolled"),
    (
        "Cllr, Cllr_min",
        "how much the stated likelihood ratios mislead, in bits (0 is best), and what of it no rescaling mends",
    ),
    ("ECE", "expected calibration error: how far stated probabilities lie from what happened, on average"),
    ("FDR", "fairness discrepancy rate: 1 if all groups have the same errors"),
    ("GARBE", "Gini-based spread of the groups' errors: 0 if they are the same"),
    ("95 % interval", "in 95 of 100 audits like this one, with other people, it holds the true rate"),
    ("rule of 3", "no error in n trials shows only that fewer than about 3 in n are wrong"),
    ("rule of 30", "30 errors are needed to hold a rate to within 30 % of itself"),
)
