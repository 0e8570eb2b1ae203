//! A check of a wasm module's exports: none may run the constructors at every call.
//!
//! Libraries that register things before `main` leave a list of constructors. Where a module doesn't call
//! `__wasm_call_ctors` itself, the linker wraps *every* export, as `name.command_export`, in a call to it, and then each
//! small call from JavaScript runs all constructors again.

use std::collections::HashMap;

use wasmparser::{ExternalKind, FunctionBody, KnownCustom, Name, Operator, Parser, Payload, TypeRef};

use crate::error::{Error, Result};

/// The function that runs all constructors, as the linker names it.
const CONSTRUCTORS: &str = "__wasm_call_ctors";
/// What the linker appends to the name of a wrapped export.
const WRAPPED: &str = ".command_export";

/// How a module's function begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Beginning {
    /// The function that its first instruction calls.
    first_call: Option<u32>,
}

/// What is read of a module.
#[derive(Debug, Default)]
struct Module {
    imported: u32,
    defined: Vec<Beginning>,
    exports: Vec<(String, u32)>,
    names: HashMap<u32, String>,
}

/// Checks that no export of a module is wrapped in a call of the constructors, and returns how many functions it exports.
///
/// Modules that still have their names are judged by them. In a module without names, a wrapper is known by its shape:
/// many exports whose first instruction calls one and the same function.
///
/// # Errors
/// When the bytes are no wasm module, or an export is wrapped.
pub fn check(wasm: &[u8]) -> Result<usize> {
    let module = read(wasm).map_err(|error| Error::Check(format!("The module can't be read: {error}.")))?;
    let wrapped = module.wrapped();
    if wrapped.is_empty() {
        return Ok(module.exports.len());
    }
    let examples: Vec<_> = wrapped.iter().take(3).copied().collect();
    Err(Error::Check(format!(
        "{} of {} exports of the module run all constructors at every call ({}): call `{CONSTRUCTORS}` once in the \
         start function, and the linker stops wrapping them.",
        wrapped.len(),
        module.exports.len(),
        examples.join(", ")
    )))
}

impl Module {
    fn beginning(&self, function: u32) -> Option<Beginning> {
        let index = function.checked_sub(self.imported)?;
        self.defined.get(usize::try_from(index).ok()?).copied()
    }

    fn wrapped(&self) -> Vec<&str> {
        let by_name = self.exports.iter().filter(|(name, function)| {
            name.ends_with(WRAPPED) || self.names.get(function).is_some_and(|own| own.ends_with(WRAPPED))
        });
        let by_name: Vec<_> = by_name.map(|(name, _)| name.as_str()).collect();
        if !by_name.is_empty() {
            return by_name;
        }
        let constructors = self.constructors();
        // The one export that may call them is the start function, which does so on purpose.
        let callers = self.exports.iter().filter(|(_, function)| {
            let first = self.beginning(*function).and_then(|beginning| beginning.first_call);
            first.is_some() && first == constructors
        });
        let callers: Vec<_> = callers.map(|(name, _)| name.as_str()).collect();
        if callers.len() > 1 { callers } else { Vec::new() }
    }

    /// The function that runs all constructors: by name, or else the one that most exports begin with.
    fn constructors(&self) -> Option<u32> {
        if !self.names.is_empty() {
            return self.names.iter().find(|(_, name)| *name == CONSTRUCTORS).map(|(function, _)| *function);
        }
        let mut callers: HashMap<u32, usize> = HashMap::new();
        for (_, function) in &self.exports {
            if let Some(first) = self.beginning(*function).and_then(|beginning| beginning.first_call) {
                *callers.entry(first).or_default() += 1;
            }
        }
        let (function, count) = callers.into_iter().max_by_key(|(_, count)| *count)?;
        (count >= 3 && count * 2 > self.exports.len()).then_some(function)
    }
}

fn read(wasm: &[u8]) -> wasmparser::Result<Module> {
    let mut module = Module::default();
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    if matches!(import?.ty, TypeRef::Func(_)) {
                        module.imported += 1;
                    }
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    let export = export?;
                    if export.kind == ExternalKind::Func {
                        module.exports.push((export.name.to_owned(), export.index));
                    }
                }
            }
            Payload::CodeSectionEntry(body) => module.defined.push(beginning(&body)?),
            Payload::CustomSection(section) => {
                if let KnownCustom::Name(names) = section.as_known() {
                    for subsection in names {
                        if let Name::Function(functions) = subsection? {
                            for naming in functions {
                                let naming = naming?;
                                module.names.insert(naming.index, naming.name.to_owned());
                            }
                        }
                    }
                }
            }
            _ => {}
        }
    }
    Ok(module)
}

fn beginning(body: &FunctionBody<'_>) -> wasmparser::Result<Beginning> {
    let first_call = match body.get_operators_reader()?.read()? {
        Operator::Call { function_index } => Some(function_index),
        _ => None,
    };
    Ok(Beginning { first_call })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &[u8] = b"\0asm\x01\0\0\0";

    fn section(id: u8, content: &[u8]) -> Vec<u8> {
        let mut bytes = vec![id, u8::try_from(content.len()).unwrap()];
        bytes.extend(content);
        bytes
    }

    fn vector(items: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = vec![u8::try_from(items.len()).unwrap()];
        bytes.extend(items.concat());
        bytes
    }

    fn text(text: &str) -> Vec<u8> {
        let mut bytes = vec![u8::try_from(text.len()).unwrap()];
        bytes.extend(text.as_bytes());
        bytes
    }

    /// A module of functions without parameters: function 0 is empty, every other has the given body, and all but
    /// function 0 are exported.
    fn module(bodies: &[&[u8]], names: &[&str]) -> Vec<u8> {
        let count = bodies.len() + 1;
        let mut code = vec![vec![2, 0, 0x0b]];
        let mut exports = Vec::new();
        for (index, body) in bodies.iter().enumerate() {
            let mut function = vec![u8::try_from(body.len() + 2).unwrap(), 0];
            function.extend(*body);
            function.push(0x0b);
            code.push(function);
            exports.push([text(&format!("export{index}")), vec![0, u8::try_from(index + 1).unwrap()]].concat());
        }
        let mut bytes = HEADER.to_vec();
        bytes.extend(section(1, &vector(&[vec![0x60, 0, 0]])));
        bytes.extend(section(3, &vector(&vec![vec![0]; count])));
        bytes.extend(section(7, &vector(&exports)));
        bytes.extend(section(10, &vector(&code)));
        if !names.is_empty() {
            let named = |(index, name): (usize, &&str)| [vec![u8::try_from(index).unwrap()], text(name)].concat();
            let map = vector(&names.iter().enumerate().map(named).collect::<Vec<_>>());
            bytes.extend(section(0, &[text("name"), section(1, &map)].concat()));
        }
        bytes
    }

    const CALL_0: &[u8] = &[0x10, 0];
    const NOTHING: &[u8] = &[0x01];

    #[test]
    fn a_module_whose_exports_call_nothing_first_is_fine() {
        assert_eq!(check(&module(&[NOTHING, NOTHING, NOTHING], &[])).unwrap(), 3);
    }

    #[test]
    fn a_start_function_may_call_the_constructors() {
        let bytes = module(&[CALL_0, NOTHING, NOTHING], &["__wasm_call_ctors", "start", "a", "b"]);
        assert_eq!(check(&bytes).unwrap(), 3);
    }

    #[test]
    fn exports_named_command_export_are_found() {
        let bytes = module(&[NOTHING, NOTHING], &["f", "a", "b.command_export"]);
        let error = check(&bytes).unwrap_err().to_string();
        assert!(error.contains("1 of 2") && error.contains("export1"), "{error}");
    }

    #[test]
    fn exports_that_begin_with_the_constructors_are_found_by_name_and_by_shape() {
        let named = module(&[CALL_0, CALL_0, NOTHING], &["__wasm_call_ctors", "a", "b", "c"]);
        assert!(check(&named).unwrap_err().to_string().contains("2 of 3"));
        let bare = module(&[CALL_0, CALL_0, CALL_0, NOTHING], &[]);
        assert!(check(&bare).unwrap_err().to_string().contains("3 of 4"));
    }

    #[test]
    fn what_is_no_module_is_an_error() {
        assert!(check(b"not wasm at all").is_err());
        let mut cut = module(&[CALL_0, NOTHING], &[]);
        cut.truncate(cut.len() - 3);
        assert!(check(&cut).is_err());
    }
}
