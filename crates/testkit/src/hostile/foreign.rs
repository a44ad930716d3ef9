use super::{Attack, UNSUPPORTED, attack};

/// T1, T24 to T26: files of other formats, under names and endings that lie. None may reach a decoder.
pub(super) fn attacks() -> Vec<Attack> {
    let all: [(&str, &str, &[u8]); 27] = [
        ("T1", "empty.jpg", b""),
        ("T1", "one_byte.png", b"\x89"),
        ("T1", "zeros.gif", &[0; 1_024]),
        ("T1", "noise.webp", b"\x51\xc3\x9a\x07\xee\x11\xfa\x63\x2c\x90\x7d\x44\x18\xb1\x05\xde"),
        ("T25", "entity.svg", concat!("<?xml version=\"1.0\"?><!DOCTYPE svg [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>",
            "<svg xmlns=\"http://www.w3.org/2000/svg\"><text>&x;</text></svg>").as_bytes()),
        ("T25", "request.svg", b"<svg xmlns=\"http://www.w3.org/2000/svg\"><image href=\"http://127.0.0.1/\"/></svg>"),
        ("T25", "laughs.svg", concat!("<!DOCTYPE svg [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">",
            "<!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;\">]><svg><text>&c;</text></svg>").as_bytes()),
        ("T25", "script.png", b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>"),
        ("T25", "cut.svgz", b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xb3\x29\x2e\x4b"),
        ("T25", "svgz.jpg", b"\x1f\x8b\x08\x08\0\0\0\0\0\x03a.svg\0\xb3\x29\x2e\x4b\x57"),
        ("T26", "mvg.png", b"push graphic-context\nimage over 0,0 0,0 'https://example.com/x.png\"|id\"'\npop graphic-context\n"),
        ("T26", "msl.png", b"<?xml version=\"1.0\"?><image><read filename=\"/etc/passwd\"/></image>"),
        ("T26", "postscript.jpg", b"%!PS-Adobe-3.0\n(/etc/passwd) (r) file\nshowpage\n"),
        ("T26", "eps.jpg", b"\xc5\xd0\xd3\xc6\x1e\0\0\0\x20\0\0\0"),
        ("T26", "pdf.png", b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n"),
        ("T26", "xbm.png", b"#define x_width 16\n#define x_height 16\nstatic char x_bits[] = { 0x00 };\n"),
        ("T26", "csv.png", b"1,2,3\n4,5,6\n"),
        ("T26", "ppm.png", b"P6 65535 65535 255\n"),
        ("T26", "vips.png", b"\xb6\xa6\xf2\x08\0\0\0\x10\0\0\0\x10\0\0\0\x01\0\0\0\0\0\0\0\0"),
        ("T26", "executable.webp", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0"),
        ("T26", "zip.png", b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0"),
        ("T26", "page.jpg", b"<!doctype html><html><script>alert(1)</script></html>"),
        ("T26", "psd.jpg", b"8BPS\0\x01\0\0\0\0\0\0\0\x03\0\0\xff\xff\0\0\xff\xff\0\x08\0\x03"),
        ("T26", "exr.jpg", b"v/1\x01\x02\0\0\0channels\0chlist\0"),
        ("T26", "radiance.jpg", b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 65535 +X 65535\n"),
        ("T26", "icon.png", b"\0\0\x01\0\x01\0\x10\x10\0\0\x01\0\x20\0\xff\xff\xff\xff\x16\0\0\0"),
        ("T26", "jpeg_xl.jpg", b"\xff\x0a\xfa\x1f\x41\x10\x90\x01"),
    ];
    all.into_iter().map(|(class, name, bytes)| attack(class, name, UNSUPPORTED, bytes.to_vec())).collect()
}
