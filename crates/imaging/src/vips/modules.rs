#![allow(unsafe_code, reason = "rs-vips loads no modules, so this calls libvips and GLib")]

use std::ffi::{CStr, CString, OsStr};
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Once;

use rs_vips::{Vips, bindings};

// libvips is linked with it, but its symbols are looked for only in what is named here.
#[link(name = "gmodule-2.0")]
unsafe extern "C" {}

static ONCE: Once = Once::new();

/// Loads libvips' module for HEIF and AVIF, if it is one and was not loaded at the start.
///
/// Distributions build loaders with many libraries behind them as modules, all of which libvips loads when it
/// starts: 6 MB of memory in every process (Debian 12) for formats of which only this one is ever read. A process
/// that is started with `VIPSHOME` at a place without modules goes without, and begins with this one where an
/// AVIF comes. Where there is no module either, the loader's own error says what is missing.
pub(super) fn load_heif() {
    ONCE.call_once(|| {
        if has_loader(c"heifload_buffer") {
            return;
        }
        let file = directory().map(|directory| directory.join("vips-heif.so"));
        if let Some(file) = file.and_then(|file| CString::new(file.as_os_str().as_bytes()).ok()) {
            // SAFETY: the path is a terminated string. The module is part of libvips' installation: it registers its
            // operations and stays for ever.
            unsafe { bindings::g_module_open(file.as_ptr(), bindings::GModuleFlags_G_MODULE_BIND_LAZY) };
            Vips::error_clear();
        }
    });
}

fn has_loader(name: &CStr) -> bool {
    // SAFETY: libvips has been started, and both names are terminated strings.
    unsafe { bindings::vips_type_find(c"VipsForeignLoad".as_ptr(), name.as_ptr()) != 0 }
}

/// Where modules lie: beside the running libvips, in a directory of its version.
fn directory() -> Option<PathBuf> {
    let mut library = MaybeUninit::<libc::Dl_info>::zeroed();
    // SAFETY: `library` is a valid place, and zero is valid for its pointers; the address is one of libvips' code.
    let (found, library) = unsafe {
        let address = bindings::vips_version as unsafe extern "C" fn(_) -> _;
        let found = libc::dladdr(address as *const libc::c_void, library.as_mut_ptr());
        (found, library.assume_init())
    };
    if found == 0 || library.dli_fname.is_null() {
        return None;
    }
    // SAFETY: a name that was found is a terminated string, which lives as long as the library.
    let name = unsafe { CStr::from_ptr(library.dli_fname) };
    // SAFETY: takes a number, and 0 and 1 are known ones.
    let (major, minor) = unsafe { (bindings::vips_version(0), bindings::vips_version(1)) };
    let file = Path::new(OsStr::from_bytes(name.to_bytes()));
    Some(file.parent()?.join(format!("vips-modules-{major}.{minor}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_lie_where_libvips_looks_for_them() {
        crate::start(&crate::CodecConfig::default()).unwrap();
        let directory = directory().unwrap();
        assert!(directory.is_absolute(), "{directory:?}");
        load_heif();
        assert!(has_loader(c"heifload_buffer"));
        assert!(!has_loader(c"no_such_loader"));
    }

    /// In a process of its own, because what was loaded stays.
    #[test]
    #[allow(clippy::disallowed_methods, reason = "asks whether this is that process")]
    fn a_process_that_began_without_modules_reads_avif() {
        let variable = "VIPSHOME";
        if std::env::var_os(variable).is_none() {
            let test = "vips::modules::tests::a_process_that_began_without_modules_reads_avif";
            let ended = std::process::Command::new(std::env::current_exe().unwrap())
                .args(["--exact", test])
                .env(variable, "/nonexistent")
                .status();
            assert!(ended.unwrap().success());
            return;
        }
        crate::start(&crate::CodecConfig::default()).unwrap();
        let pixels = crate::pixels::Pixels::new(16, 16, crate::pixels::Layout::Rgb, vec![120; 768]).unwrap();
        let settings = crate::encoders::Settings {
            quality: 80.0,
            effort: crate::Effort::Interactive,
            scored: false,
            threads: 1,
            exif: None,
        };
        let file = crate::encoders::Encoder::Aom.encode(&pixels, &settings).unwrap();
        let mut rows = 0;
        crate::vips::each_row(&file, domain::SourceFormat::Avif, |_, _| {
            rows += 1;
            Ok(())
        })
        .unwrap();
        assert_eq!(rows, 16);
    }
}
