//! Runs the cases under callgrind and reads what it wrote.
//!
//! What is counted are the instructions of our own code and of the Rust libraries in it. Those of AWS-LC, which chooses
//! its code by the processor, and those of the C library, which does so too and differs from one system to the next, are
//! left out with all that they call; calls of the allocator are counted as such.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// What all counts stand at zero before, and what they are written after. Callgrind takes one such option for a function.
const ZERO_BEFORE: &str = "*start_of_count*";
const DUMP_AFTER: &str = "*under_count*";
/// Every function of AWS-LC that others can call begins so, whatever its version.
const AWS_LC: &str = "aws_lc_";
const ALLOCATORS: [&str; 5] = ["malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc"];

/// What one case costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) instructions: u64,
    pub(crate) allocations: u64,
}

/// Runs this program once more, with `argument`, under callgrind. Gives its output, and the count of each case in order.
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
        .map_err(|error| format!("valgrind cannot be started (Debian's package valgrind has it): {error}"))?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        return Err(format!("the run under callgrind failed:\n{}", String::from_utf8_lossy(&output.stderr)));
    }
    let count = |number: usize| {
        let path = format!("{}.{number}", dumps.display());
        let dump = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
        read(&dump).ok_or_else(|| format!("{path} counts nothing: the function that is counted was not found"))
    };
    let counts = (1..=printed.lines().count()).map(count).collect::<Result<_, _>>()?;
    Ok((printed, counts))
}

#[derive(Default)]
struct Function<'d> {
    instructions: u64,
    /// Callees and how often they are called.
    calls: Vec<((&'d str, &'d str), u64)>,
}

/// Adds up what is reached from the counted function without passing through another object or AWS-LC.
fn read(dump: &str) -> Option<Count> {
    let functions = parse(dump);
    let root = functions.keys().find(|(_, name)| name.contains("under_count"))?;
    let (mut seen, mut waiting) = (HashSet::from([*root]), vec![*root]);
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

/// Without the `'2` that callgrind gives a recursion's levels.
fn base_name(name: &str) -> &str {
    name.split_once('\'').map_or(name, |(name, _)| name)
}

/// The format of callgrind's manual, section "Callgrind Format Specification", uncompressed: functions by object and name.
fn parse(dump: &str) -> HashMap<(&str, &str), Function<'_>> {
    let mut functions: HashMap<(&str, &str), Function<'_>> = HashMap::new();
    let (mut object, mut called_object, mut function) = ("", None, ("", ""));
    let (mut called, mut is_inclusive) = ("", false);
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
            // After `calls=` stands what the callee cost, which its own lines tell too.
            let instructions = line.split(' ').nth(1).and_then(|count| count.parse().ok()).unwrap_or(0);
            if !std::mem::take(&mut is_inclusive) {
                functions.entry(function).or_default().instructions += instructions;
            }
        }
    }
    functions
}
