// SPDX-License-Identifier: Apache-2.0
//! The backtracker: Java's matching order over UTF-16 units, with an explicit stack and a step budget.
//!
//! A pattern is compiled into instructions. Alternatives to try later, and changes to undo before, are frames on one stack.
//! Java's quirks are reproduced: when a unit (a look-around, an atomic group, a round of a loop over a group of fixed shape)
//! succeeds, its frames are removed, and its captures stay even if the rest fails.
#![allow(
    clippy::indexing_slicing,
    reason = "indices are instruction, register and frame numbers that the compiler below hands out, or positions that were compared with the length; no input is an index"
)]

use crate::ast::{Assertion, Fold, Greed, Node, Repeat, UNBOUNDED};
use crate::code_set::CodeSet;
use crate::error::MatchError;
use crate::{properties, tables};
use std::sync::{Arc, LazyLock};

/// The number of steps after which a call ends in [`MatchError::StepLimit`]. Calls with the same [`Budget`] share it.
///
/// A step is one instruction, one character of a loop over characters, of a back-reference or of the range of a look-behind,
/// or one backtrack. Realistic patterns take some tens of steps for each character of the input.
pub const STEP_LIMIT: u64 = 1_000_000;

/// The steps that several calls may take together: [`STEP_LIMIT`]. It bounds the work for one input, however many patterns
/// are tried with it. A call without a budget has its own.
#[derive(Debug, Default)]
pub struct Budget {
    /// The steps taken so far.
    pub(crate) taken: u64,
}

impl Budget {
    /// Takes steps for other work on the same input.
    ///
    /// # Errors
    /// [`MatchError::StepLimit`] if the budget is exhausted.
    pub fn take(&mut self, steps: u64) -> Result<(), MatchError> {
        self.taken = self.taken.saturating_add(steps);
        if self.taken > STEP_LIMIT { Err(MatchError::StepLimit) } else { Ok(()) }
    }
}

/// The maximum number of frames on the stack, of 16 bytes each.
const MAX_FRAMES: usize = 1 << 20;
/// A register or capture without a value.
const UNSET: u32 = u32::MAX;

#[derive(Clone, Copy, Debug)]
struct Loop {
    min: u32,
    max: u32,
    greed: Greed,
    /// The register with the number of rounds begun (general loop) or completed (loop of rounds).
    count: u32,
    /// The register with the position at which the current round began.
    begin: u32,
    /// For rounds: the registers with the number of rounds before the last ones of equal length, and with that length.
    level: u32,
    length: u32,
    /// The group whose captures the loop sets itself, for rounds.
    group: Option<u32>,
    /// The index of the memory of failed positions, for outermost general loops.
    memo: Option<u32>,
    body: u32,
    exit: u32,
}

#[derive(Clone, Debug)]
enum Inst {
    Char(u32),
    Set(Arc<CodeSet>),
    /// A loop over the single-character instruction right after this one.
    Chars {
        min: u32,
        max: u32,
        greed: Greed,
    },
    /// Tries the next instruction, and later the given one; or in reverse order.
    Split {
        other: u32,
        other_first: bool,
    },
    Jump(u32),
    Open(u32),
    Close {
        group: u32,
        begin: u32,
    },
    LoopInit(u32),
    LoopRound(u32),
    LoopTail(u32),
    RoundsInit(u32),
    RoundsTop(u32),
    RoundStart(u32),
    RoundEnd(u32),
    RoundsExit(u32),
    AtomicBegin,
    AtomicEnd,
    LookBegin(u32),
    LookEnd(u32),
    BackReference(u32, Fold),
    Assert(Assertion),
    LineBreak,
    Fail,
    Match,
}

#[derive(Clone, Copy, Debug)]
struct LookInfo {
    negative: bool,
    /// The lengths of the shortest and longest text of a look-behind, and whether they count code points.
    behind: Option<(u32, u32, bool)>,
    /// The registers of a look-behind: where its text must end, and the first position at which it may begin.
    target: u32,
    body: u32,
    after: u32,
}

/// A compiled pattern.
#[derive(Debug)]
pub(crate) struct Program {
    insts: Vec<Inst>,
    loops: Vec<Loop>,
    looks: Vec<LookInfo>,
    groups: u32,
    registers: u32,
    memos: u32,
    supplementary: bool,
}

struct Compiler {
    program: Program,
    back_references: bool,
}

impl Program {
    /// Compiles a pattern with the given number of groups (the whole match not counted).
    pub(crate) fn new(root: &Node, groups: u32, supplementary: bool) -> Self {
        let program = Self {
            insts: Vec::new(),
            loops: Vec::new(),
            looks: Vec::new(),
            groups: groups + 1,
            registers: 2 * (groups + 1),
            memos: 0,
            supplementary,
        };
        let mut compiler = Compiler { program, back_references: has_back_reference(root) };
        compiler.node(root, true);
        compiler.emit(Inst::Match);
        compiler.program
    }
}

fn has_back_reference(node: &Node) -> bool {
    matches!(node, Node::BackReference(..)) || node.children().iter().any(has_back_reference)
}

fn index(n: usize) -> u32 {
    // The length of patterns is limited to some kilobytes, which also limits these counts.
    u32::try_from(n).unwrap_or(u32::MAX)
}

impl Compiler {
    fn emit(&mut self, inst: Inst) -> u32 {
        self.program.insts.push(inst);
        self.here() - 1
    }

    fn here(&self) -> u32 {
        index(self.program.insts.len())
    }

    fn register(&mut self) -> u32 {
        self.program.registers += 1;
        self.program.registers - 1
    }

    /// Compiles a node. `outermost`: in no loop, look-around or atomic group.
    fn node(&mut self, node: &Node, outermost: bool) {
        match node {
            Node::Empty => {}
            Node::Char(c) => {
                self.emit(Inst::Char(*c));
            }
            Node::Set(set) => {
                self.emit(Inst::Set(Arc::clone(set)));
            }
            Node::Concat(nodes) => nodes.iter().for_each(|node| self.node(node, outermost)),
            Node::Alternate(nodes) => self.alternate(&nodes.iter().collect::<Vec<_>>(), outermost),
            Node::Group(number, body) => self.group(*number, body, outermost),
            Node::Repeat(repeat) => self.repeat(repeat, outermost),
            Node::Look(look) => {
                let id = index(self.program.looks.len());
                let target = self.register();
                self.register();
                let body = self.emit(Inst::LookBegin(id)) + 1;
                self.program.looks.push(LookInfo {
                    negative: look.negative,
                    behind: look.behind,
                    target,
                    body,
                    after: 0,
                });
                self.node(&look.body, false);
                let after = self.emit(Inst::LookEnd(id)) + 1;
                self.program.looks[id as usize].after = after;
            }
            Node::Atomic(body) => {
                self.emit(Inst::AtomicBegin);
                self.node(body, false);
                self.emit(Inst::AtomicEnd);
            }
            Node::BackReference(number, fold) => {
                // The parser read the number before it knew all groups.
                let exists = *number < self.program.groups;
                self.emit(if exists { Inst::BackReference(*number, *fold) } else { Inst::Fail });
            }
            Node::Assert(assertion) => {
                self.emit(Inst::Assert(*assertion));
            }
            Node::LineBreak => {
                self.emit(Inst::LineBreak);
            }
        }
    }

    fn alternate(&mut self, branches: &[&Node], outermost: bool) {
        let mut jumps = Vec::new();
        for (i, branch) in branches.iter().enumerate() {
            let last = i + 1 == branches.len();
            let split = if last { None } else { Some(self.emit(Inst::Split { other: 0, other_first: false })) };
            self.node(branch, outermost);
            if let Some(split) = split {
                jumps.push(self.emit(Inst::Jump(0)));
                let here = self.here();
                self.program.insts[split as usize] = Inst::Split { other: here, other_first: false };
            }
        }
        let here = self.here();
        for jump in jumps {
            self.program.insts[jump as usize] = Inst::Jump(here);
        }
    }

    fn group(&mut self, number: Option<u32>, body: &Node, outermost: bool) {
        let Some(group) = number else { return self.node(body, outermost) };
        let begin = self.register();
        self.emit(Inst::Open(begin));
        self.node(body, outermost);
        self.emit(Inst::Close { group, begin });
    }

    fn repeat(&mut self, repeat: &Repeat, outermost: bool) {
        let Repeat { body, min, max, greed, optional } = repeat;
        if body.is_single() {
            self.emit(Inst::Chars { min: *min, max: *max, greed: *greed });
            return self.node(body, false);
        }
        match body {
            Node::Group(number, inner) if *greed != Greed::Possessive => {
                if *optional {
                    let other_first = *greed == Greed::Lazy;
                    let split = self.emit(Inst::Split { other: 0, other_first });
                    self.group(*number, inner, outermost);
                    let here = self.here();
                    self.program.insts[split as usize] = Inst::Split { other: here, other_first };
                } else if body.fixed_shape() {
                    self.rounds(repeat, *number, inner);
                } else {
                    self.general_loop(repeat, *number, inner, outermost);
                }
            }
            // Unlike in a loop, Java tries both alternatives even if the text is empty, because captures of a look-ahead can
            // matter.
            _ if *optional && *greed != Greed::Possessive => {
                let other_first = *greed == Greed::Lazy;
                let split = self.emit(Inst::Split { other: 0, other_first });
                self.emit(Inst::AtomicBegin);
                self.node(body, false);
                self.emit(Inst::AtomicEnd);
                let here = self.here();
                self.program.insts[split as usize] = Inst::Split { other: here, other_first };
            }
            _ => self.rounds(repeat, None, body),
        }
    }

    fn new_loop(&mut self, repeat: &Repeat, group: Option<u32>) -> u32 {
        let [count, begin, level, length] = [(); 4].map(|()| self.register());
        let Repeat { min, max, greed, .. } = *repeat;
        self.program.loops.push(Loop {
            min,
            max,
            greed,
            count,
            begin,
            level,
            length,
            group,
            memo: None,
            body: 0,
            exit: 0,
        });
        index(self.program.loops.len()) - 1
    }

    /// A loop whose rounds each match as a unit.
    fn rounds(&mut self, repeat: &Repeat, group: Option<u32>, body: &Node) {
        let id = self.new_loop(repeat, group);
        self.emit(Inst::RoundsInit(id));
        let top = self.emit(Inst::RoundsTop(id));
        self.emit(Inst::RoundStart(id));
        self.node(body, false);
        self.emit(Inst::RoundEnd(id));
        let exit = self.emit(Inst::RoundsExit(id));
        let info = &mut self.program.loops[id as usize];
        (info.body, info.exit) = (top, exit);
    }

    /// A loop that remembers every alternative in every round.
    fn general_loop(&mut self, repeat: &Repeat, number: Option<u32>, inner: &Node, outermost: bool) {
        let id = self.new_loop(repeat, None);
        let begin = self.program.loops[id as usize].begin;
        self.emit(Inst::LoopInit(id));
        let body = self.emit(Inst::LoopRound(id));
        self.emit(Inst::Open(begin));
        self.node(inner, false);
        if let Some(group) = number {
            self.emit(Inst::Close { group, begin });
        }
        self.emit(Inst::LoopTail(id));
        let exit = self.here();
        // Only here a failure depends on the position alone. Java remembers failures for greedy loops only: for a lazy one,
        // the captures that a failure leaves would be visible.
        let memo = (outermost && repeat.greed == Greed::Greedy && repeat.max == UNBOUNDED && !self.back_references)
            .then_some(self.program.memos);
        self.program.memos += u32::from(memo.is_some());
        let info = &mut self.program.loops[id as usize];
        (info.body, info.exit, info.memo) = (body, exit, memo);
    }
}

#[derive(Clone, Copy, Debug)]
enum Frame {
    /// Continues here.
    Retry { pc: u32, at: u32 },
    /// Restores the old value of a register.
    Restore { register: u32, value: u32 },
    /// A greedy loop over characters releases one, down to `least`.
    GiveBack { pc: u32, least: u32, at: u32 },
    /// A lazy loop over characters takes one more, up to `more`.
    TakeMore { pc: u32, more: u32, at: u32 },
    /// The start of a unit; `look` is its number if it is a look-around.
    Barrier { mark: u32, at: u32, look: u32 },
    /// A look-behind tried this start.
    Behind { look: u32, at: u32 },
    /// A loop failed at this position.
    Failed { memo: u32, at: u32 },
    /// When the enclosing part succeeds, a group gets this value.
    OnSuccess { group: u32, start: u32, end: u32 },
}

/// The start and end of each group of a match, in UTF-16 units.
pub type Spans = Vec<Option<(usize, usize)>>;

/// One run of a program over one input.
pub(crate) struct Matcher<'a> {
    program: &'a Program,
    input: &'a [u16],
    registers: Vec<u32>,
    stack: Vec<Frame>,
    /// The innermost barrier that is still on the stack.
    mark: u32,
    memos: Vec<Vec<u64>>,
    steps: u64,
    /// `\G`.
    last_end: u32,
    whole: bool,
}

fn is_high(unit: u16) -> bool {
    (0xD800..0xDC00).contains(&unit)
}

fn is_low(unit: u16) -> bool {
    (0xDC00..0xE000).contains(&unit)
}

fn is_line_end(unit: u16) -> bool {
    matches!(unit, 0x0A | 0x0D | 0x85 | 0x2028 | 0x2029)
}

const CR: u16 = 0x0D;
const LF: u16 = 0x0A;

impl<'a> Matcher<'a> {
    /// `steps`: the steps that were taken from the budget before.
    pub(crate) fn new(program: &'a Program, input: &'a [u16], steps: u64) -> Self {
        Self {
            program,
            input,
            registers: vec![UNSET; program.registers as usize],
            stack: Vec::new(),
            mark: UNSET,
            memos: vec![Vec::new(); program.memos as usize],
            steps,
            last_end: 0,
            whole: false,
        }
    }

    /// `Matcher.matches()`.
    pub(crate) fn matches(&mut self) -> Result<bool, MatchError> {
        self.whole = true;
        self.reset();
        self.run(0)
    }

    /// `Matcher.find()`, starting at a position, with the end of the previous match.
    pub(crate) fn find(&mut self, from: usize, last_end: usize) -> Result<bool, MatchError> {
        self.whole = false;
        self.last_end = index(last_end);
        self.reset();
        let mut at = from;
        while at <= self.input.len() {
            if self.run(index(at))? {
                return Ok(true);
            }
            at += 1;
            let inside = at > 0 && at < self.input.len() && is_low(self.input[at]) && is_high(self.input[at - 1]);
            if self.program.supplementary && inside {
                at += 1;
            }
        }
        Ok(false)
    }

    /// The steps taken from the budget so far.
    pub(crate) fn steps(&self) -> u64 {
        self.steps
    }

    /// The groups of the match.
    pub(crate) fn spans(&self) -> Spans {
        let groups = self.registers[..2 * self.program.groups as usize].chunks_exact(2);
        groups.map(|span| (span[0] != UNSET).then_some((span[0] as usize, span[1] as usize))).collect()
    }

    fn reset(&mut self) {
        self.registers.fill(UNSET);
        self.memos.iter_mut().for_each(Vec::clear);
    }

    fn set(&mut self, register: u32, value: u32) {
        let old = std::mem::replace(&mut self.registers[register as usize], value);
        self.stack.push(Frame::Restore { register, value: old });
    }

    fn get(&self, register: u32) -> u32 {
        self.registers[register as usize]
    }

    fn set_group(&mut self, group: u32, start: u32, end: u32) {
        self.set(2 * group, start);
        self.set(2 * group + 1, end);
    }

    /// The code point at a position, and its units; `None` at the end.
    fn code_point(&self, at: u32) -> Option<(u32, u32)> {
        let &unit = self.input.get(at as usize)?;
        match self.input.get(at as usize + 1) {
            Some(&low) if is_high(unit) && is_low(low) => {
                Some((0x1_0000 + ((u32::from(unit) - 0xD800) << 10) + (u32::from(low) - 0xDC00), 2))
            }
            _ => Some((u32::from(unit), 1)),
        }
    }

    /// The code point before a position, and its units; `None` at the start.
    fn code_point_before(&self, at: u32) -> Option<(u32, u32)> {
        let before = at.checked_sub(1)?;
        match before.checked_sub(1).and_then(|two| self.code_point(two)) {
            Some((c, 2)) => Some((c, 2)),
            _ => Some((u32::from(self.input[before as usize]), 1)),
        }
    }

    /// The position after a single-character instruction, if it matches.
    fn single(&self, pc: u32, at: u32) -> Option<u32> {
        let (c, units) = self.code_point(at)?;
        let equal = match &self.program.insts[pc as usize] {
            Inst::Char(wanted) => c == *wanted,
            Inst::Set(set) => set.contains(c),
            _ => false,
        };
        equal.then_some(at + units)
    }

    fn step(&mut self) -> Result<(), MatchError> {
        self.steps += 1;
        if self.steps > STEP_LIMIT || self.stack.len() > MAX_FRAMES {
            return Err(MatchError::StepLimit);
        }
        Ok(())
    }

    /// Starts a unit.
    fn barrier(&mut self, at: u32, look: u32) {
        let mark = std::mem::replace(&mut self.mark, index(self.stack.len()));
        self.stack.push(Frame::Barrier { mark, at, look });
    }

    /// Ends the innermost unit with success: its frames are removed, its captures stay. Returns where it began.
    fn cut(&mut self) -> u32 {
        let barrier = self.mark as usize;
        self.succeed(barrier);
        let at = match self.stack[barrier] {
            Frame::Barrier { mark, at, .. } => {
                self.mark = mark;
                at
            }
            _ => 0,
        };
        self.stack.truncate(barrier);
        at
    }

    /// Java sets the group of a greedy loop over a fixed shape again when everything after the loop has matched.
    fn succeed(&mut self, down_to: usize) {
        for i in (down_to..self.stack.len()).rev() {
            if let Frame::OnSuccess { group, start, end } = self.stack[i] {
                self.registers[2 * group as usize] = start;
                self.registers[2 * group as usize + 1] = end;
            }
        }
    }

    /// Runs the program from a position. The groups have the result, or after a failure what Java leaves in them.
    fn run(&mut self, start: u32) -> Result<bool, MatchError> {
        let program = self.program;
        self.stack.clear();
        self.mark = UNSET;
        let mut pc = 0;
        let mut at = start;
        loop {
            self.step()?;
            let goes_on = match program.insts[pc as usize] {
                Inst::Char(_) | Inst::Set(_) => match self.single(pc, at) {
                    Some(next) => {
                        at = next;
                        pc += 1;
                        true
                    }
                    None => false,
                },
                Inst::Chars { min, max, greed } => self.chars(&mut pc, &mut at, min, max, greed)?,
                Inst::Split { other, other_first } => {
                    let (first, second) = if other_first { (other, pc + 1) } else { (pc + 1, other) };
                    self.stack.push(Frame::Retry { pc: second, at });
                    pc = first;
                    true
                }
                Inst::Jump(to) => {
                    pc = to;
                    true
                }
                Inst::Open(begin) => {
                    self.set(begin, at);
                    pc += 1;
                    true
                }
                Inst::Close { group, begin } => {
                    self.set_group(group, self.get(begin), at);
                    pc += 1;
                    true
                }
                Inst::LoopInit(id) => {
                    let info = &program.loops[id as usize];
                    self.set(info.count, 0);
                    pc = self.next_round(info, at);
                    true
                }
                Inst::LoopRound(id) => {
                    let count = program.loops[id as usize].count;
                    self.set(count, self.get(count) + 1);
                    pc += 1;
                    true
                }
                Inst::LoopTail(id) => {
                    let info = &program.loops[id as usize];
                    if at == self.get(info.begin) {
                        pc = info.exit;
                        true
                    } else if self.failed_before(info, at) {
                        false
                    } else {
                        pc = self.next_round(info, at);
                        true
                    }
                }
                Inst::RoundsInit(id) => {
                    let info = &program.loops[id as usize];
                    self.set(info.count, 0);
                    self.set(info.level, info.min);
                    pc += 1;
                    true
                }
                Inst::RoundsTop(id) => {
                    let info = &program.loops[id as usize];
                    let count = self.get(info.count);
                    if count < info.min {
                        pc += 1;
                    } else if count >= info.max {
                        pc = info.exit;
                    } else if info.greed == Greed::Lazy {
                        self.stack.push(Frame::Retry { pc: pc + 1, at });
                        pc = info.exit;
                    } else {
                        self.stack.push(Frame::Retry { pc: info.exit, at });
                        pc += 1;
                    }
                    true
                }
                Inst::RoundStart(id) => {
                    self.set(program.loops[id as usize].begin, at);
                    self.barrier(at, UNSET);
                    pc += 1;
                    true
                }
                Inst::RoundEnd(id) => self.round_end(&program.loops[id as usize], &mut pc, &mut at),
                Inst::RoundsExit(id) => {
                    self.leave_rounds(&program.loops[id as usize]);
                    pc += 1;
                    true
                }
                Inst::AtomicBegin => {
                    self.barrier(at, UNSET);
                    pc += 1;
                    true
                }
                Inst::AtomicEnd => {
                    self.cut();
                    pc += 1;
                    true
                }
                Inst::LookBegin(id) => self.look_begin(id, &mut pc, &mut at),
                Inst::LookEnd(id) => {
                    let look = &program.looks[id as usize];
                    if look.behind.is_some() && at != self.get(look.target) {
                        false
                    } else {
                        at = self.cut();
                        pc = look.after;
                        !look.negative
                    }
                }
                Inst::BackReference(group, fold) => match self.back_reference(group, fold, at) {
                    Some(next) => {
                        at = next;
                        pc += 1;
                        true
                    }
                    None => false,
                },
                Inst::Assert(assertion) => {
                    pc += 1;
                    self.holds(assertion, at)
                }
                Inst::LineBreak => {
                    let here = self.input.get(at as usize).copied();
                    pc += 1;
                    if here == Some(CR) && self.input.get(at as usize + 1) == Some(&LF) {
                        self.stack.push(Frame::Retry { pc, at: at + 1 });
                        at += 2;
                        true
                    } else {
                        at += 1;
                        here.is_some_and(|unit| is_line_end(unit) || matches!(unit, 0x0B | 0x0C))
                    }
                }
                Inst::Fail => false,
                Inst::Match => {
                    if self.whole && at as usize != self.input.len() {
                        false
                    } else {
                        self.succeed(0);
                        self.registers[0] = start;
                        self.registers[1] = at;
                        return Ok(true);
                    }
                }
            };
            if !goes_on && !self.back(&mut pc, &mut at)? {
                return Ok(false);
            }
        }
    }

    /// Backtracks to the last alternative; false if there is none.
    fn back(&mut self, pc: &mut u32, at: &mut u32) -> Result<bool, MatchError> {
        let program = self.program;
        while let Some(frame) = self.stack.pop() {
            match frame {
                Frame::Retry { pc: to, at: from } => {
                    (*pc, *at) = (to, from);
                    return Ok(true);
                }
                Frame::Restore { register, value } => self.registers[register as usize] = value,
                Frame::GiveBack { pc: to, least, at: from } => {
                    let units = self.code_point_before(from).map_or(1, |(_, units)| units);
                    let given = if from - units < least { from - 1 } else { from - units };
                    if given > least {
                        self.stack.push(Frame::GiveBack { pc: to, least, at: given });
                    }
                    (*pc, *at) = (to, given);
                    return Ok(true);
                }
                Frame::TakeMore { pc: to, more, at: from } => {
                    self.step()?;
                    if let Some(next) = self.single(to, from) {
                        if more > 1 {
                            let more = if more == UNBOUNDED { more } else { more - 1 };
                            self.stack.push(Frame::TakeMore { pc: to, more, at: next });
                        }
                        (*pc, *at) = (to + 1, next);
                        return Ok(true);
                    }
                }
                Frame::Barrier { mark, at: from, look } => {
                    self.mark = mark;
                    if look != UNSET && program.looks[look as usize].negative {
                        (*pc, *at) = (program.looks[look as usize].after, from);
                        return Ok(true);
                    }
                }
                Frame::Behind { look, at: from } => {
                    let info = &program.looks[look as usize];
                    if let Some(next) = self.step_back(info, from).filter(|&next| next >= self.get(info.target + 1)) {
                        self.stack.push(Frame::Behind { look, at: next });
                        (*pc, *at) = (info.body, next);
                        return Ok(true);
                    }
                }
                Frame::Failed { memo, at: from } => {
                    let words = self.input.len() / 64 + 1;
                    let failed = &mut self.memos[memo as usize];
                    failed.resize(words, 0);
                    failed[from as usize / 64] |= 1 << (from % 64);
                }
                Frame::OnSuccess { .. } => {}
            }
        }
        Ok(false)
    }

    /// A loop over one character. `pc` is at the loop; the next instruction is that of the character.
    fn chars(&mut self, pc: &mut u32, at: &mut u32, min: u32, max: u32, greed: Greed) -> Result<bool, MatchError> {
        let single = *pc + 1;
        let wanted = if greed == Greed::Lazy { min } else { max };
        let mut least = *at;
        let mut count = 0;
        while count < wanted {
            self.step()?;
            let Some(next) = self.single(single, *at) else { break };
            *at = next;
            count += 1;
            if count == min {
                least = next;
            }
        }
        *pc += 2;
        if count < min {
            return Ok(false);
        }
        match greed {
            Greed::Greedy if *at > least => self.stack.push(Frame::GiveBack { pc: *pc, least, at: *at }),
            Greed::Lazy if max > min => {
                let more = if max == UNBOUNDED { max } else { max - min };
                self.stack.push(Frame::TakeMore { pc: single, more, at: *at });
            }
            _ => {}
        }
        Ok(true)
    }

    /// Begins a round of a general loop, or leaves the loop. Returns the next instruction.
    fn next_round(&mut self, info: &Loop, at: u32) -> u32 {
        let count = self.get(info.count);
        if count < info.min {
            return info.body;
        }
        if count >= info.max {
            return info.exit;
        }
        let (first, second) = if info.greed == Greed::Lazy { (info.exit, info.body) } else { (info.body, info.exit) };
        self.stack.push(Frame::Retry { pc: second, at });
        first
    }

    /// Whether a loop failed at this position before; if not, remembers to note a failure.
    fn failed_before(&mut self, info: &Loop, at: u32) -> bool {
        let Some(memo) = info.memo.filter(|_| self.get(info.count) >= info.min) else { return false };
        let word = self.memos[memo as usize].get(at as usize / 64).copied().unwrap_or(0);
        if word >> (at % 64) & 1 == 1 {
            return true;
        }
        self.stack.push(Frame::Failed { memo, at });
        false
    }

    /// Notes how Java sets the group of the loop when everything after the loop has matched.
    fn leave_rounds(&mut self, info: &Loop) {
        let later = self.get(info.count) > self.get(info.level);
        if let (Greed::Greedy, Some(group), true) = (info.greed, info.group, later) {
            let (start, end) = (self.get(2 * group), self.get(2 * group + 1));
            self.stack.push(Frame::OnSuccess { group, start, end });
        }
    }

    fn round_end(&mut self, info: &Loop, pc: &mut u32, at: &mut u32) -> bool {
        self.cut();
        let begin = self.get(info.begin);
        let count = self.get(info.count);
        let length = *at - begin;
        // Above the barrier was the frame that restores `begin`, and before it the way out, unless the round was required.
        let optional = count >= info.min;
        let below = self.stack.len() - 1 - usize::from(optional);
        let greedy = optional && info.greed == Greed::Greedy;
        let changed = greedy && count > self.get(info.level) && length != self.get(info.length);
        if changed && info.group.is_some() {
            // If a round has a different length than those before, Java starts over: it runs the round again, and leaves the
            // loop before it without setting the group again.
            let level = std::mem::replace(&mut self.registers[info.level as usize], count);
            self.stack.truncate(below);
            self.stack.push(Frame::Restore { register: info.level, value: level });
            self.stack.push(Frame::Retry { pc: info.exit + 1, at: begin });
            (*pc, *at) = (info.body + 1, begin);
            return true;
        }
        if optional && length == 0 && !changed {
            // An empty round that is not required ends the loop, and does not set the group.
            self.stack.truncate(if info.greed == Greed::Lazy { below + 1 } else { below });
            *pc = info.exit + 1;
            return info.greed != Greed::Lazy;
        }
        if info.greed == Greed::Possessive {
            self.stack.truncate(below);
        }
        if changed {
            // Without a group of its own, the loop starts over after the round.
            self.set(info.level, count + 1);
        } else if greedy {
            self.set(info.length, length);
        }
        if let Some(group) = info.group {
            self.set_group(group, begin, *at);
        }
        self.set(info.count, count + 1);
        *pc = info.body;
        true
    }

    fn look_begin(&mut self, id: u32, pc: &mut u32, at: &mut u32) -> bool {
        let program = self.program;
        let info = &program.looks[id as usize];
        self.barrier(*at, id);
        let Some((min, max, code_points)) = info.behind else {
            *pc += 1;
            return true;
        };
        let mut first = *at;
        for _ in 0..min {
            match self.step_back(info, first) {
                Some(before) => first = before,
                // If Java counts code points, it also tries the start of the text, which is too near. This fails, but sets
                // groups.
                None if code_points => break,
                None => return false,
            }
        }
        let mut limit = first;
        for _ in min..max {
            match self.step_back(info, limit) {
                Some(before) => limit = before,
                None => break,
            }
        }
        self.steps += u64::from(*at - limit);
        self.set(info.target, *at);
        self.set(info.target + 1, limit);
        self.stack.push(Frame::Behind { look: id, at: first });
        (*pc, *at) = (info.body, first);
        true
    }

    /// The position one unit or code point earlier, as the look-behind counts.
    fn step_back(&self, info: &LookInfo, from: u32) -> Option<u32> {
        if info.behind.is_some_and(|(_, _, code_points)| code_points) {
            return self.code_point_before(from).map(|(_, units)| from - units);
        }
        from.checked_sub(1)
    }

    fn back_reference(&mut self, group: u32, fold: Fold, at: u32) -> Option<u32> {
        let (start, end) = (self.get(2 * group), self.get(2 * group + 1));
        if start == UNSET {
            return None;
        }
        let units = end.saturating_sub(start);
        self.steps += u64::from(units);
        let next = at.checked_add(units)?;
        if next as usize > self.input.len() {
            return None;
        }
        if fold == Fold::Exact {
            let equal = self.input[start as usize..end as usize] == self.input[at as usize..next as usize];
            return equal.then_some(next);
        }
        let (mut there, mut here) = (start, at);
        while there < end {
            let ((a, units), (b, _)) = (self.code_point(there)?, self.code_point(here)?);
            let equal = match fold {
                Fold::Unicode => properties::fold(a) == properties::fold(b),
                _ => a < 128 && b < 128 && properties::to_lower(a) == properties::to_lower(b),
            };
            if a != b && !equal {
                return None;
            }
            there += units;
            here += units;
        }
        Some(next)
    }

    fn holds(&mut self, assertion: Assertion, at: u32) -> bool {
        let position = at as usize;
        let length = self.input.len();
        let unit = |i: usize| self.input.get(i).copied();
        let before = position.checked_sub(1).and_then(unit);
        let here = unit(position);
        let inside_crlf = before == Some(CR) && here == Some(LF);
        match assertion {
            Assertion::Start => position == 0,
            Assertion::End => position == length,
            Assertion::LastMatchEnd => at == self.last_end,
            Assertion::LineStart { unix: true } => position < length && (position == 0 || before == Some(LF)),
            Assertion::LineStart { unix: false } => {
                position < length && (position == 0 || before.is_some_and(is_line_end)) && !inside_crlf
            }
            Assertion::LineEnd { unix: true } => position == length || here == Some(LF),
            Assertion::LineEnd { unix: false } => position == length || here.is_some_and(is_line_end) && !inside_crlf,
            Assertion::EndOrLastLineEnd { unix: true } => {
                position == length || position + 1 == length && here == Some(LF)
            }
            Assertion::EndOrLastLineEnd { unix: false } => {
                position == length
                    || position + 1 == length && here.is_some_and(is_line_end) && !inside_crlf
                    || position + 2 == length && here == Some(CR) && unit(position + 1) == Some(LF)
            }
            Assertion::WordBoundary { negative, unicode } => {
                let (left, right) = (self.code_point_before(at), self.code_point(at));
                let left = left.is_some_and(|(c, units)| self.is_word(c, at - units, unicode));
                let right = right.is_some_and(|(c, _)| self.is_word(c, at, unicode));
                (left != right) != negative
            }
        }
    }

    /// Whether the character at a position is part of a word for `\b`.
    fn is_word(&mut self, c: u32, at: u32, unicode: bool) -> bool {
        static UNICODE: LazyLock<CodeSet> = LazyLock::new(|| properties::numbered_set(tables::UNICODE_WORD));
        if c < 128 {
            return c == 0x5F || u8::try_from(c).is_ok_and(|c| c.is_ascii_alphanumeric());
        }
        if unicode && UNICODE.contains(c) {
            return true;
        }
        // A mark belongs to a word if its base is a letter or digit, ASCII or not. Java searches for the base unit by unit,
        // so it does not find a base beyond the BMP.
        let (mut c, mut at) = (c, at);
        let mut mark = false;
        while properties::is_non_spacing_mark(c) {
            mark = true;
            self.steps += 1;
            let Some(before) = at.checked_sub(1) else { return false };
            (c, at) = (u32::from(self.input[before as usize]), before);
        }
        mark && properties::is_letter_or_digit(c)
    }
}
