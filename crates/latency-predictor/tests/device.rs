//! Devices that the files in a temporary folder describe, and the setups for which a table is
//! valid.

use std::fs;
use std::path::Path;

use latency_predictor::{
    Device, ForeignSetup, Runtime, Setup, cache_folder, memory_bytes_under, table_path,
};

const EPYC: &str = "processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 1\n\
    model name\t: AMD EPYC\nstepping\t: 1\n\nprocessor\t: 1\nmodel name\t: AMD EPYC\n";
const PHONE: &str = "processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd05\n\n\
    processor\t: 1\nCPU implementer\t: 0x41\nCPU part\t: 0xd40\n";

/// The device that these files describe.
fn device(files: &[(&str, &str)]) -> Device {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    Device::under(root.path())
}

fn epyc(more: &[(&str, &str)]) -> Device {
    let cache = "sys/devices/system/cpu/cpu0/cache";
    let level1 = [("level", "1\n"), ("type", "Data\n"), ("size", "32K\n")];
    let level2 = [("level", "2\n"), ("type", "Unified\n"), ("size", "512K\n")];
    let mut files: Vec<(String, &str)> = vec![("proc/cpuinfo".into(), EPYC)];
    files.extend(level1.map(|(name, text)| (format!("{cache}/index0/{name}"), text)));
    files.extend(level2.map(|(name, text)| (format!("{cache}/index1/{name}"), text)));
    files.extend(more.iter().map(|(path, text)| ((*path).to_owned(), *text)));
    let files: Vec<(&str, &str)> =
        files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    device(&files)
}

#[test]
fn reads_what_the_system_tells() {
    let governor = "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor";
    let found = epyc(&[(governor, "performance\n"), ("proc/sys/kernel/osrelease", "6.1.0-7\n")]);
    assert_eq!(found.cpu.as_deref(), Some("AMD EPYC, family 25, model 1, stepping 1"));
    assert_eq!(found.cores, Some(2));
    assert_eq!(found.governor.as_deref(), Some("performance"));
    assert!(found.os.ends_with("6.1.0-7"), "{}", found.os);
    assert!(found.identity().ends_with("L1D 32 KiB, L2 512 KiB"), "{}", found.identity());
}

#[test]
fn a_setup_in_words_has_what_its_latencies_depend_on() {
    let of =
        |device: Device, threads: usize| Setup { device, ..Setup::here(Runtime::Native, threads) };
    let words = "native runtime, 1 thread, AMD EPYC, family 25, model 1, stepping 1";
    assert_eq!(of(epyc(&[]), 1).words(), words);
    assert_eq!(of(device(&[]), 2).words(), "native runtime, 2 threads, unknown CPU");
    assert_eq!(of(device(&[]), 2).threads_and_cpu(), "2 threads, unknown CPU");
}

#[test]
fn the_memory_is_told_in_bytes() {
    let root = tempfile::tempdir().unwrap();
    assert_eq!(memory_bytes_under(root.path()), None);
    fs::create_dir(root.path().join("proc")).unwrap();
    let text = "MemFree:         1000 kB\nMemTotal:       16303428 kB\n";
    fs::write(root.path().join("proc/meminfo"), text).unwrap();
    assert_eq!(memory_bytes_under(root.path()), Some(16_303_428 * 1024));
}

#[test]
fn arm_cores_are_named_by_their_parts() {
    let found = device(&[("proc/cpuinfo", PHONE)]);
    assert_eq!(found.cpu.as_deref(), Some("Arm 0x41 part 0xd05 + Arm 0x41 part 0xd40"));
}

#[test]
fn what_is_absent_is_none() {
    let found = device(&[]);
    assert_eq!((found.cpu, found.cores, found.governor), (None, None, None));
    assert!(found.caches.is_empty());
}

#[test]
fn the_governor_does_not_make_another_device_but_a_cache_does() {
    let governor = "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor";
    let cache = "sys/devices/system/cpu/cpu0/cache/index1/size";
    assert!(epyc(&[]).is_same(&epyc(&[(governor, "powersave\n")])));
    assert!(!epyc(&[]).is_same(&epyc(&[(cache, "1024K\n")])));
    assert!(!epyc(&[]).is_same(&device(&[("proc/cpuinfo", PHONE)])));
}

#[test]
fn a_foreign_setup_is_named() {
    let here = Setup { device: epyc(&[]), ..Setup::here(Runtime::Native, 1) };
    let check = |found: Setup, what: &str| {
        let ForeignSetup { what: named, .. } = found.check_same(&here).unwrap_err();
        assert_eq!(named, what);
    };
    assert_eq!(here.clone().check_same(&here), Ok(()));
    check(Setup { device: device(&[]), ..here.clone() }, "device");
    check(Setup { runtime_version: "0.0.0".to_owned(), ..here.clone() }, "runtime");
    check(Setup { threads: 2, ..here.clone() }, "threads");
    check(Setup { batch: 8, ..here.clone() }, "batch");
}

#[test]
fn the_cache_folder_is_the_first_that_is_set() {
    let folder = |set: &[(&str, &str)]| {
        let of = |name: &str| set.iter().find(|(key, _)| *key == name).map(|(_, v)| v.into());
        cache_folder(of).ok()
    };
    let (nas, xdg, home) = (("NAS_CACHE", "/n"), ("XDG_CACHE_HOME", "/x"), ("HOME", "/h"));
    assert_eq!(folder(&[home, xdg, nas]).as_deref(), Some(Path::new("/n")));
    assert_eq!(folder(&[home, xdg]).as_deref(), Some(Path::new("/x/nas")));
    assert_eq!(folder(&[home, ("NAS_CACHE", "")]).as_deref(), Some(Path::new("/h/.cache/nas")));
    assert_eq!(folder(&[]), None);
}

#[test]
fn each_setup_has_its_own_file() {
    let setup = |device, threads| Setup { device, ..Setup::here(Runtime::Native, threads) };
    let path = |setup: &Setup| table_path(Path::new("/n"), setup).display().to_string();
    let one = path(&setup(epyc(&[]), 1));
    assert!(one.starts_with("/n/tables/amd-epyc-") && one.ends_with("-native-1t-f32.ron"), "{one}");
    assert_ne!(one, path(&setup(epyc(&[]), 2)));
    assert_ne!(one, path(&setup(device(&[("proc/cpuinfo", PHONE)]), 1)));
}
