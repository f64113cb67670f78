"""The packs that `secondlook packs pull` knows: where each lies, how long it is, its SHA-256 and its card.

No address here was ever trusted: a file is installed only if its SHA-256 is the one below. Where each number was
seen is written beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

from secondlook.faces.packs.cards import (
    AnyCard,
    Colour,
    CommercialUse,
    Decoder,
    DetectorCard,
    Landmarks,
    RecogniserCard,
)

ARCFACE_LANDMARKS = Landmarks(
    right_eye=(38.2946, 51.6963),
    left_eye=(73.5318, 51.5014),
    nose=(56.0252, 71.7366),
    right_mouth=(41.5493, 92.3655),
    left_mouth=(70.7299, 92.2041),
)
"""The five points of 112 px chips that InsightFace aligns to (``face_align.py``), and OpenCV's FaceRecognizerSF too."""


@dataclass(frozen=True, slots=True)
class KnownPack:
    """A pack that can be pulled. addresses: tried in this order. size: of the file, in bytes.

    The card's ``sha256`` is that of the file, and always there.
    """

    card: AnyCard
    addresses: tuple[str, ...]
    size: int

    @property
    def name(self) -> str:
        return self.card.name

    @property
    def sha256(self) -> str:
        return self.card.sha256 or ""


# SHA-256 and size: the publisher's Hugging Face repository at the revision below, as an inspection of its file listing
# and of the file's tail records them (input [None, 3, 112, 112], output [1, 512]), and a dozen independent projects
# that pin the same two numbers. Input: RGB, (x - 127.5) / 127.5, which is what InsightFace's ArcFaceONNX
# (model_zoo/arcface_onnx.py) feeds a graph that does not normalise by itself.
AURAFACE = KnownPack(
    card=RecogniserCard(
        name="auraface",
        title="AuraFace v1 (ResNet-100, ArcFace loss)",
        version="1",
        licence="Apache-2.0",
        licence_note="Licence given by fal for the weights, which it trained anew for commercial use.",
        commercial_use=CommercialUse.YES,
        intended_use="Search and comparison of faces; on a processor several times slower than the small recognisers.",
        source="https://huggingface.co/fal/AuraFace-v1, file glintr100.onnx",
        sha256="a7933ea5330113b01c9b60351d8f4c33003f145d8470ac5f0e52ee2effe25c60",
        colour=Colour.RGB,
        mean=(127.5, 127.5, 127.5),
        scale=(1 / 127.5, 1 / 127.5, 1 / 127.5),
        size=112,
        landmarks=ARCFACE_LANDMARKS,
        dimension=512,
    ),
    addresses=(
        "https://huggingface.co/fal/AuraFace-v1/resolve/af6d057c9b0ec4071d4c49c80e3539258798b609/glintr100.onnx",
        "https://huggingface.co/fal/AuraFace-v1/resolve/main/glintr100.onnx",
    ),
    size=260_694_151,
)

# SHA-256 and size: the Git LFS pointer models/face_recognition_sface/face_recognition_sface_2021dec.onnx of
# opencv/opencv_zoo (commit edef535). Landmarks and input (RGB, raw 0 to 255; the graph itself computes
# (x - 127.5) / 128): alignCrop and feature in OpenCV's modules/objdetect/src/face_recognize.cpp. Its input is
# 1 x 3 x 112 x 112: one chip at a time unless the batch axis is freed.
SFACE = KnownPack(
    card=RecogniserCard(
        name="sface",
        title="SFace (MobileFaceNet, sigmoid-constrained hypersphere loss)",
        version="2021dec",
        licence="Apache-2.0",
        licence_note="Licence of the OpenCV Zoo's files; what the weights were trained on is not documented there.",
        commercial_use=CommercialUse.YES,
        intended_use="Comparison of faces on small machines, where a larger recogniser is too slow.",
        source="https://github.com/opencv/opencv_zoo/tree/main/models/face_recognition_sface",
        sha256="0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79",
        colour=Colour.RGB,
        size=112,
        landmarks=ARCFACE_LANDMARKS,
        dimension=128,
        normalise_note="The graph computes (x - 127.5) / 128 by itself.",
    ),
    # github.com/.../raw/ answers with a redirect to the first of these, which serves the LFS content.
    addresses=(
        "https://media.githubusercontent.com/media/opencv/opencv_zoo/main/models/face_recognition_sface/"
        "face_recognition_sface_2021dec.onnx",
        "https://huggingface.co/opencv/face_recognition_sface/resolve/main/face_recognition_sface_2021dec.onnx",
    ),
    size=38_696_353,
)

# SHA-256 and size: the Git LFS pointer models/face_detection_yunet/face_detection_yunet_2023mar.onnx of
# opencv/opencv_zoo (commit 82b38c8). Input BGR, raw 0 to 255: blobFromImage with its defaults in OpenCV's
# modules/objdetect/src/face_detect.cpp. Threshold and overlap: the zoo's own yunet.py. The graph declares 640 x 640,
# but OpenCV runs it at the picture's own size (the model's README).
YUNET = KnownPack(
    card=DetectorCard(
        name="yunet",
        title="YuNet",
        version="2023mar",
        licence="MIT",
        commercial_use=CommercialUse.YES,
        intended_use="Fast detection of faces with five landmarks on small machines.",
        source="https://github.com/opencv/opencv_zoo/tree/main/models/face_detection_yunet",
        sha256="8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
        colour=Colour.BGR,
        decoder=Decoder.YUNET,
        stride_multiple=32,
        threshold=0.6,
        nms_iou=0.3,
        min_face_px=10,
    ),
    addresses=(
        "https://media.githubusercontent.com/media/opencv/opencv_zoo/main/models/face_detection_yunet/"
        "face_detection_yunet_2023mar.onnx",
        "https://huggingface.co/opencv/face_detection_yunet/resolve/main/face_detection_yunet_2023mar.onnx",
    ),
    size=232_589,
)

KNOWN = (AURAFACE, SFACE, YUNET)

RECOMMENDED = AURAFACE
"""What the first run offers to pull: the only one here of ArcFace's class."""


def known_named(name: str) -> KnownPack | None:
    return next((known for known in KNOWN if known.name == name), None)
