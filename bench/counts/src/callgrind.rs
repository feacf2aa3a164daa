// SPDX-License-Identifier: Apache-2.0
//! Runs the cases under callgrind and parses its output.
//!
//! The counts contain the instructions of our own code and of the Rust libraries in it. AWS-LC and the C library, and
//! everything that they call, are left out: both select their code by the processor, and the C library differs between
//! systems. Calls of the allocator are counted separately.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// Callgrind sets all counts to zero before the first function, and writes them after the second one.
const ZERO_BEFORE: &str = "*start_of_count*";
const DUMP_AFTER: &str = "*under_count*";
/// The prefix of every public function of AWS-LC, in all versions.
const AWS_LC: &str = "aws_lc_";
const ALLOCATORS: [&str; 5] = ["malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc"];

/// The cost of one case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) instructions: u64,
    pub(crate) allocations: u64,
}

/// Runs this program under callgrind, with `argument`. Returns its output, and the count of each case in order.
pub(crate) fn run(argument: &str, folder: &Path) -> Result<(String, Vec<Count>), String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let dumps = folder.join("counts");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--compress-strings=no", "--compress-pos=no"])
        .arg(format!("--zero-before={ZERO_BEFORE}"))
        .arg(format!("--dump-after={DUMP_AFTER}"))
        .arg(format!("--callgrind-out-file={}", dumps.display()))
        .arg(program)
        .args([argument.as_ref(), folder.as_os_str()])
        .stderr(Stdio::piped())
        .output()
        .map_err(|error| format!("valgrind cannot be started (install Debian's package valgrind): {error}"))?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        return Err(format!("the run under callgrind failed:\n{}", String::from_utf8_lossy(&output.stderr)));
    }
    let count = |number: usize| {
        let path = format!("{}.{number}", dumps.display());
        let dump = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
        read(&dump).ok_or_else(|| format!("{path} has no counts: the counted function was not found"))
    };
    let counts = (1..=printed.lines().count()).map(count).collect::<Result<_, _>>()?;
    Ok((printed, counts))
}

#[derive(Default)]
struct Function<'d> {
    instructions: u64,
    /// Callees, and the number of calls of each.
    calls: Vec<((&'d str, &'d str), u64)>,
}

/// Adds up the functions that the counted function calls, directly or indirectly, except through another object or AWS-LC.
fn read(dump: &str) -> Option<Count> {
    let functions = parse(dump);
    let root = functions.keys().find(|(_, name)| name.contains("under_count"))?;
    let mut seen = HashSet::from([*root]);
    let mut waiting = vec![*root];
    let mut count = Count { instructions: 0, allocations: 0 };
    while let Some(function) = waiting.pop() {
        let Some(costs) = functions.get(&function) else { continue };
        count.instructions += costs.instructions;
        for (callee @ (object, name), calls) in &costs.calls {
            if ALLOCATORS.contains(&base_name(name)) {
                count.allocations += calls;
            }
            if *object == root.0 && !name.starts_with(AWS_LC) && seen.insert(*callee) {
                waiting.push(*callee);
            }
        }
    }
    (count.instructions > 0).then_some(count)
}

/// The name without `'2`, which callgrind adds for levels of recursion.
fn base_name(name: &str) -> &str {
    name.split_once('\'').map_or(name, |(name, _)| name)
}

/// Parses the uncompressed format of callgrind's manual, section "Callgrind Format Specification". The result has the
/// functions by object and name.
fn parse(dump: &str) -> HashMap<(&str, &str), Function<'_>> {
    let mut functions: HashMap<(&str, &str), Function<'_>> = HashMap::new();
    let mut object = "";
    let mut function = ("", "");
    let mut called_object = None;
    let mut called = "";
    let mut is_inclusive = false;
    for line in dump.lines() {
        if let Some(name) = line.strip_prefix("ob=") {
            object = name;
        } else if let Some(name) = line.strip_prefix("fn=") {
            function = (object, name);
        } else if let Some(name) = line.strip_prefix("cob=") {
            called_object = Some(name);
        } else if let Some(name) = line.strip_prefix("cfn=") {
            called = name;
        } else if let Some(calls) = line.strip_prefix("calls=") {
            let calls = calls.split(' ').next().and_then(|calls| calls.parse().ok()).unwrap_or(0);
            let callee = (called_object.take().unwrap_or(object), called);
            functions.entry(function).or_default().calls.push((callee, calls));
            is_inclusive = true;
        } else if line.starts_with(|first: char| first.is_ascii_digit()) {
            // The line after `calls=` has the cost of the callee, which the callee's own lines contain as well.
            let instructions = line.split(' ').nth(1).and_then(|count| count.parse().ok()).unwrap_or(0);
            if !std::mem::take(&mut is_inclusive) {
                functions.entry(function).or_default().instructions += instructions;
            }
        }
    }
    functions
}
