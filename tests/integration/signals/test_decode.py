"""However a picture is stored, what a viewer sees is what is hashed."""

import io
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageOps

from every import every
from signal_files import gif_and_html, huge_png, jpeg_and_zip, long_gif, lying_jpeg, photo
from takeback.errors import Unreadable, WhyUnreadable
from takeback.signals.parts.decode import FORMATS, MAX_BYTES, MAX_PIXELS, decode
from takeback.signals.pdq.hashing import hash_pixels
from takeback_dev.pictures import encode

# HEIF and AVIF are mutated in the sandbox's tests only: damage there may end the process.
SMALL = [encode(photo(48, 40), format_) for format_ in ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP")]
ORIENTATION = 0x0112
pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning:PIL.*"),  # of damaged tags
    pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning"),
]
# What makes an upright picture look as if stored with each EXIF orientation.
STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def pixels(image):
    return np.asarray(image.convert("RGB"))


def apart(left, right):
    return (int.from_bytes(left.hash) ^ int.from_bytes(right.hash)).bit_count()


def why(data, max_bytes=MAX_BYTES, max_pixels=MAX_PIXELS):
    with pytest.raises(Unreadable) as refused:
        decode(data, max_bytes=max_bytes, max_pixels=max_pixels)
    return refused.value.why


@every("format_", FORMATS)
def test_every_format_is_read_and_named(format_):
    image = photo()
    options = {
        "WEBP": {"lossless": True},
        "JPEG": {"quality": 95},
        "AVIF": {"quality": 95},
        "HEIF": {"quality": 95},
    }
    picture = decode(encode(image, format_, **options.get(format_, {})))
    assert picture.format == format_
    assert picture.rgb.shape == (240, 320, 3)
    assert picture.rgb.dtype == np.uint8
    if format_ in {"PNG", "BMP", "TIFF", "WEBP"}:
        assert np.array_equal(picture.rgb, pixels(image))
    assert apart(hash_pixels(picture.rgb), hash_pixels(pixels(image))) <= 12


@every("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "YCbCr", "LAB", "I;16", "I", "F"])
def test_every_mode_of_a_tiff_becomes_rgb(mode):
    image = photo().convert("L").convert(mode) if mode in {"I;16", "I", "F", "1"} else photo().convert(mode)
    if mode == "I;16":
        image = Image.fromarray(np.asarray(photo().convert("L")).astype(np.uint16) * 257)
    picture = decode(encode(image, "TIFF"))
    grey = mode in {"1", "L", "LA", "I;16", "I", "F"}
    upright = photo().convert("L") if grey else photo()
    assert apart(hash_pixels(picture.rgb), hash_pixels(pixels(upright))) <= 26


def test_sixteen_bits_keep_their_high_byte():
    wide = np.asarray(photo().convert("L")).astype(np.uint16) * 256 + 77
    assert np.array_equal(decode(encode(Image.fromarray(wide), "PNG")).rgb, pixels(photo().convert("L")))


def test_wide_numbers_are_scaled_by_the_least_usual_range():
    tones = np.asarray(photo().convert("L"))
    for values in (tones.astype(np.int32), tones.astype(np.int32) * 257, (tones / 255).astype(np.float32)):
        assert (
            np.abs(decode(encode(Image.fromarray(values), "TIFF")).rgb[..., 0].astype(int) - tones).max() <= 1
        )


def test_numbers_that_are_not_numbers_do_not_stop_a_float_tiff():
    tones = (np.asarray(photo().convert("L")) / 255).astype(np.float32)
    tones[:4] = [[np.nan], [np.inf], [-np.inf], [-3.0]]
    assert decode(encode(Image.fromarray(tones), "TIFF")).rgb.shape == (240, 320, 3)


def test_a_cmyk_jpeg_is_read_like_the_picture_it_shows():
    original = hash_pixels(pixels(photo()))
    data = encode(photo().convert("CMYK"), "JPEG", quality=95)
    assert apart(hash_pixels(decode(data).rgb), original) <= 6


def test_the_inks_of_a_cmyk_jpeg_are_inverted_with_and_without_adobes_marker():
    data = encode(photo().convert("CMYK"), "JPEG", quality=95)
    at = data.index(b"Adobe") - 4
    without = data[:at] + data[at + 2 + int.from_bytes(data[at + 2 : at + 4]) :]
    assert np.abs(decode(data).rgb.astype(int) - pixels(photo())).mean() < 12
    assert np.array_equal(decode(data).rgb, decode(without).rgb)


def test_transparency_shows_white():
    image = photo().convert("RGBA")
    image.paste((250, 0, 0, 0), (0, 0, 320, 120))
    for format_, options in (("PNG", {}), ("WEBP", {"lossless": True, "exact": True}), ("TIFF", {})):
        rgb = decode(encode(image, format_, **options)).rgb
        assert (rgb[:120] == 255).all()
        assert np.array_equal(rgb[120:], pixels(photo())[120:])


def test_a_transparent_palette_entry_shows_white():
    image = Image.new("P", (40, 30), 1)
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.paste(0, (0, 0, 40, 10))
    for format_ in ("PNG", "GIF"):
        rgb = decode(encode(image, format_, transparency=0)).rgb
        assert (rgb[:10] == 255).all()
        assert (rgb[10:] == [200, 100, 50]).all()


def test_a_transparent_grey_or_colour_shows_white():
    grey = Image.new("L", (40, 30), 90)
    grey.paste(7, (0, 0, 40, 10))
    assert (decode(encode(grey, "PNG", transparency=7)).rgb[:10] == 255).all()
    colour = Image.new("RGB", (40, 30), (1, 2, 3))
    assert (decode(encode(colour, "PNG", transparency=(1, 2, 3))).rgb == 255).all()


def test_invisible_pixels_do_not_change_the_hash():
    hashes = set()
    for hidden in ((0, 0, 0, 0), (255, 0, 255, 0)):
        image = photo().convert("RGBA")
        image.paste(hidden, (0, 0, 320, 100))
        hashes.add(hash_pixels(decode(encode(image, "PNG")).rgb).hash)
    assert len(hashes) == 1


@every("orientation", range(1, 9))
@every("format_", ["PNG", "TIFF", "WEBP", "JPEG"])
def test_a_turned_picture_is_set_upright(format_, orientation):
    image = photo()
    stored = image if STORED[orientation] is None else image.transpose(STORED[orientation])
    tag = Image.Exif()
    tag[ORIENTATION] = orientation
    options = {"WEBP": {"lossless": True}, "JPEG": {"quality": 92}}.get(format_, {})
    picture = decode(encode(stored, format_, exif=tag, **options))
    assert picture.rgb.shape == (240, 320, 3)
    if format_ == "JPEG":
        # Turning commutes with decoding, not with encoding: equal to the untagged file turned by hand, bit
        # for bit.
        untagged = Image.open(io.BytesIO(encode(stored, format_, **options)))
        untagged = untagged if orientation == 1 else ImageOps.exif_transpose(tagged(untagged, orientation))
        assert np.array_equal(picture.rgb, pixels(untagged))
        assert apart(hash_pixels(picture.rgb), hash_pixels(pixels(image))) <= 6
    else:
        assert np.array_equal(picture.rgb, pixels(image))


def tagged(image, orientation):
    image.getexif()[ORIENTATION] = orientation
    return image


@every("orientation", range(1, 9))
@every("format_", ["AVIF", "HEIF"])
def test_a_turned_phone_picture_is_set_upright(format_, orientation):
    image = photo()
    stored = image if STORED[orientation] is None else image.transpose(STORED[orientation])
    tag = Image.Exif()
    tag[ORIENTATION] = orientation
    rgb = decode(encode(stored, format_, exif=tag.tobytes(), quality=95)).rgb
    assert rgb.shape == (240, 320, 3)
    assert apart(hash_pixels(rgb), hash_pixels(pixels(image))) <= 12


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_changes_nothing(orientation):
    tag = Image.Exif()
    tag[ORIENTATION] = orientation
    assert np.array_equal(decode(encode(photo(), "PNG", exif=tag)).rgb, pixels(photo()))


def test_a_colour_profile_changes_no_pixel():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    odd = profile.replace(b"sRGB", b"oddB")
    assert np.array_equal(
        decode(encode(photo(), "JPEG", icc_profile=odd)).rgb, decode(encode(photo(), "JPEG")).rgb
    )


@pytest.mark.parametrize("format_", ["GIF", "WEBP", "PNG", "AVIF", "TIFF"])
def test_the_first_frame_of_an_animation_counts(format_):
    frames = [photo(seed=seed) for seed in (1, 2, 3)]
    options = {"lossless": True} if format_ == "WEBP" else {}
    data = encode(frames[0], format_, save_all=True, append_images=frames[1:], **options)
    assert apart(hash_pixels(decode(data).rgb), hash_pixels(pixels(frames[0]))) <= 26


def test_ten_thousand_frames_cost_no_more_than_one():
    assert decode(long_gif()).rgb.shape == (48, 64, 3)


@every("format_", FORMATS)
@every("part", [0.1, 0.5, 0.9])
def test_half_a_file_is_no_picture(format_, part):
    data = encode(photo(), format_)
    cut = data[: int(len(data) * part)]
    assert why(cut) in {WhyUnreadable.DAMAGED, WhyUnreadable.NOT_A_PICTURE}


@pytest.mark.parametrize(
    "data",
    [
        b"x",
        bytes(5000),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7",
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
    ],
    ids=["letter", "zeros", "svg", "pdf", "eps"],
)
def test_other_formats_are_not_tried(data):
    assert why(data) == WhyUnreadable.NOT_A_PICTURE


@pytest.mark.parametrize("format_", ["PPM", "TGA", "PCX", "SGI", "JPEG2000", "DDS"])
def test_picture_formats_outside_the_list_are_not_tried(format_):
    assert why(encode(photo(), format_)) == WhyUnreadable.NOT_A_PICTURE


def test_nothing_is_empty():
    assert why(b"") == WhyUnreadable.EMPTY


def test_too_many_bytes_are_not_read():
    assert why(bytes(200_000_000)) == WhyUnreadable.TOO_MANY_BYTES
    assert why(encode(photo(), "PNG"), max_bytes=1000) == WhyUnreadable.TOO_MANY_BYTES


def test_a_huge_png_is_refused_by_what_it_declares():
    data = huge_png()
    assert len(data) < 1_000_000
    assert why(data) == WhyUnreadable.TOO_MANY_PIXELS


@every("format_", FORMATS)
def test_the_limit_on_pixels_holds_for_every_format(format_):
    data = encode(photo(), format_)
    assert why(data, max_pixels=320 * 240 - 1) == WhyUnreadable.TOO_MANY_PIXELS
    assert decode(data, max_pixels=320 * 240).rgb.shape == (240, 320, 3)


@pytest.mark.parametrize(
    "options", [{"lossless": True}, {}, {"save_all": True, "append_images": [photo(seed=2)]}]
)
def test_a_webp_canvas_is_known_before_the_file_is_opened(options):
    assert why(encode(photo(), "WEBP", **options), max_pixels=100) == WhyUnreadable.TOO_MANY_PIXELS


def test_a_jpeg_header_that_lies_is_refused():
    assert why(lying_jpeg()) == WhyUnreadable.TOO_MANY_PIXELS
    # Within the limit the missing part is grey, as in a browser; its few details say little, and quality says
    # so.
    picture = decode(lying_jpeg(3000, 3000))
    assert picture.rgb.shape == (3000, 3000, 3)
    assert hash_pixels(picture.rgb).quality < 20


def test_polyglots_are_the_picture_that_they_show():
    assert decode(jpeg_and_zip()).format == "JPEG"
    assert np.array_equal(decode(jpeg_and_zip()).rgb, decode(encode(photo(), "JPEG")).rgb)
    assert decode(gif_and_html()).format == "GIF"


def test_the_reason_carries_no_more_than_a_line():
    data = encode(photo(), "PNG")
    with pytest.raises(Unreadable) as refused:
        decode(data[:900])
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 250


@given(st.data())
def test_a_mutated_file_is_a_picture_or_unreadable(data):
    file = bytearray(data.draw(st.sampled_from(SMALL)))
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(file) - 1))
        file[at] = data.draw(st.integers(0, 255))
    try:
        picture = decode(bytes(file), max_pixels=2_000_000)
    except Unreadable:
        return
    height, width, _ = picture.rgb.shape
    assert 0 < height * width <= 2_000_000


@given(
    st.binary(max_size=400),
    st.sampled_from([b"", b"\xff\xd8\xff", b"GIF89a", b"\x89PNG\r\n\x1a\n", b"II*\0", b"BM"]),
)
def test_random_bytes_are_a_picture_or_unreadable(tail, head):
    with suppress(Unreadable):
        decode(head + tail, max_pixels=1_000_000)
