//! The Python face of `detente_kernel_core`: buffers in, bytes out, the interpreter released while it computes. No logic of its own.

use detente_kernel_core as core;
use detente_kernel_core::airspace::{self, Volume};
use detente_kernel_core::dleq::{self, Statement};
use detente_kernel_core::round::{self, Claim, Inputs, Joint};
use detente_kernel_core::{hashing, merkle, suite};
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::{PyException, PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyMemoryView};

mod rr22;

pyo3::create_exception!(_kernel, Rejected, PyException, "A value from the peer was rejected.");

fn raised(error: core::Error) -> PyErr {
    match error {
        core::Error::Rejected => Rejected::new_err("a value from the peer was rejected"),
        core::Error::Misuse(reason) => PyValueError::new_err(reason),
    }
}

/// Bytes that nobody changes while the interpreter is released: lent where the memory is a `bytes` object's, else copied.
enum Lent {
    Buffer(PyBuffer<u8>),
    Copied(Vec<u8>),
}

impl Lent {
    fn new(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        let buffer = PyBuffer::<u8>::get(object)?;
        if !buffer.is_c_contiguous() || buffer.dimensions() > 1 {
            return Err(PyTypeError::new_err("a contiguous buffer of bytes is needed"));
        }
        let py = object.py();
        // A view exports itself; what it looks at is its `obj`.
        let immutable = match object.cast::<PyMemoryView>() {
            Ok(view) => view.getattr(intern!(py, "obj"))?.is_exact_instance_of::<PyBytes>(),
            Err(_) => object.is_exact_instance_of::<PyBytes>(),
        };
        Ok(if immutable { Lent::Buffer(buffer) } else { Lent::Copied(buffer.to_vec(py)?) })
    }
}

impl std::ops::Deref for Lent {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Lent::Copied(bytes) => bytes,
            Lent::Buffer(buffer) if buffer.item_count() == 0 => &[],
            // SAFETY: `new` let in only contiguous buffers of bytes exported by a `bytes` object, which the held export keeps alive
            // and which is immutable, so the memory is valid, initialised and unchanged for as long as `self` is.
            Lent::Buffer(buffer) => unsafe { std::slice::from_raw_parts(buffer.buf_ptr().cast::<u8>(), buffer.item_count()) },
        }
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for Lent {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        Lent::new(&object)
    }
}

fn fixed(bytes: &[u8]) -> PyResult<&[u8; 32]> {
    bytes.try_into().map_err(|_| PyValueError::new_err("32 bytes are needed"))
}

fn rows(bytes: &[u8], width: usize) -> PyResult<usize> {
    if width == 0 || !bytes.len().is_multiple_of(width) {
        return Err(PyValueError::new_err("a batch is a whole number of rows"));
    }
    Ok(bytes.len() / width)
}

/// A new `bytes` of `length`, filled with the interpreter released.
fn filled<'py>(
    py: Python<'py>,
    length: usize,
    fill: impl FnOnce(&mut [u8]) -> core::Result<()> + Send,
) -> PyResult<Bound<'py, PyBytes>> {
    PyBytes::new_with(py, length, |out| py.detach(|| fill(out)).map_err(raised))
}

#[pyfunction]
fn derive_key_pair<'py>(py: Python<'py>, seed: Lent, info: Lent) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyBytes>)> {
    let (secret, public) = suite::derive_key_pair(fixed(&seed)?, &info).map_err(raised)?;
    Ok((PyBytes::new(py, &*secret), PyBytes::new(py, &public)))
}

#[pyfunction]
fn check_element(element: Lent) -> PyResult<()> {
    suite::decode_element(&element).map(|_| ()).map_err(raised)
}

#[pyfunction]
fn hash_to_group<'py>(py: Python<'py>, rows_: Lent, width: usize) -> PyResult<Bound<'py, PyBytes>> {
    let n = rows(&rows_, width)?;
    let one = [&[1u8][..], &[0u8; 31]].concat();
    filled(py, n * 32, |out| round::blind_with(&one.repeat(n), &rows_, width, out))
}

#[pyfunction]
fn blind_with<'py>(py: Python<'py>, blinds: Lent, rows_: Lent, width: usize) -> PyResult<Bound<'py, PyBytes>> {
    filled(py, rows(&rows_, width)? * 32, |out| round::blind_with(&blinds, &rows_, width, out))
}

#[pyfunction]
fn finalize_with<'py>(
    py: Python<'py>,
    blinds: Lent,
    rows_: Lent,
    width: usize,
    evaluated: Lent,
) -> PyResult<Bound<'py, PyBytes>> {
    let length = rows(&rows_, width)? * 64;
    filled(py, length, |out| round::finalize_with(&blinds, &rows_, width, &evaluated, out))
}

#[pyfunction]
fn begin<'py>(
    py: Python<'py>,
    seed: Lent,
    key: Lent,
    rows_: Lent,
    width: usize,
) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyBytes>)> {
    let length = rows(&rows_, width)? * 32;
    let inputs = Inputs { seed: fixed(&seed)?, rows: &rows_, width };
    let mut queries = None;
    let own = PyBytes::new_with(py, length, |own| {
        queries = Some(filled(py, length, |queries| round::begin(&inputs, &key, queries, own))?);
        Ok(())
    })?;
    let queries = queries.ok_or_else(|| PyValueError::new_err("no queries"))?;
    Ok((queries, own))
}

#[pyfunction]
fn evaluate<'py>(py: Python<'py>, key: Lent, elements: Lent) -> PyResult<Bound<'py, PyBytes>> {
    filled(py, elements.len(), |out| round::evaluate(&key, &elements, out))
}

#[pyfunction]
fn prove<'py>(
    py: Python<'py>,
    key: Lent,
    public: Lent,
    info: Lent,
    blinded: Lent,
    evaluated: Lent,
) -> PyResult<Bound<'py, PyBytes>> {
    let statement = Statement { public: fixed(&public)?, info: &info, blinded: &blinded, evaluated: &evaluated };
    filled(py, dleq::PROOF, |out| dleq::prove(&key, &statement).map(|proof| out.copy_from_slice(&proof)))
}

#[pyfunction]
fn verify(py: Python<'_>, public: Lent, info: Lent, blinded: Lent, evaluated: Lent, proof: Lent) -> PyResult<()> {
    let statement = Statement { public: fixed(&public)?, info: &info, blinded: &blinded, evaluated: &evaluated };
    py.detach(|| dleq::verify(&statement, &proof)).map_err(raised)
}

#[pyfunction]
fn prove_rfc<'py>(py: Python<'py>, key: Lent, blinded: Lent, evaluated: Lent, nonce: Lent) -> PyResult<Bound<'py, PyBytes>> {
    filled(py, dleq::PROOF, |out| dleq::prove_rfc(&key, &blinded, &evaluated, &nonce).map(|proof| out.copy_from_slice(&proof)))
}

#[pyfunction]
fn verify_rfc(py: Python<'_>, public: Lent, blinded: Lent, evaluated: Lent, proof: Lent) -> PyResult<()> {
    let public = fixed(&public)?;
    py.detach(|| dleq::verify_rfc(public, &blinded, &evaluated, &proof)).map_err(raised)
}

#[pyfunction]
#[allow(clippy::too_many_arguments)] // the columns of one batch, named at the call in kernel.py
fn finish<'py>(
    py: Python<'py>,
    seed: Lent,
    rows_: Lent,
    width: usize,
    public: Lent,
    info: Lent,
    queries: Lent,
    evaluated: Lent,
    proof: Lent,
    own: Lent,
    context: Lent,
    own_is_first: bool,
) -> PyResult<Bound<'py, PyBytes>> {
    let inputs = Inputs { seed: fixed(&seed)?, rows: &rows_, width };
    let statement = Statement { public: fixed(&public)?, info: &info, blinded: &queries, evaluated: &evaluated };
    let joint = Joint { context: &context, own_is_first };
    let length = rows(&rows_, width)? * round::ROW;
    filled(py, length, |out| round::finish(&inputs, &statement, &proof, &own, &joint, out))
}

#[pyfunction]
#[allow(clippy::too_many_arguments)] // as above
fn show<'py>(
    py: Python<'py>,
    seed: Lent,
    rows_: Lent,
    width: usize,
    positions: Vec<u64>,
    key: Lent,
    public: Lent,
    info: Lent,
) -> PyResult<Bound<'py, PyBytes>> {
    let inputs = Inputs { seed: fixed(&seed)?, rows: &rows_, width };
    let public = fixed(&public)?;
    filled(py, positions.len() * 64 + dleq::PROOF, |out| {
        let shown = round::show(&inputs, &positions, &key, public, &info)?;
        let (blinds, rest) = out.split_at_mut(positions.len() * 32);
        let (evaluated, proof) = rest.split_at_mut(positions.len() * 32);
        blinds.copy_from_slice(&shown.blinds);
        evaluated.copy_from_slice(&shown.evaluated);
        proof.copy_from_slice(&shown.proof);
        Ok(())
    })
}

#[pyfunction]
#[allow(clippy::too_many_arguments)] // as above
fn check<'py>(
    py: Python<'py>,
    rows_: Lent,
    width: usize,
    queries: Lent,
    shown: Lent,
    key: Lent,
    theirs: Lent,
    info: Lent,
    context: Lent,
    own_is_first: bool,
) -> PyResult<Bound<'py, PyBytes>> {
    let n = rows(&rows_, width)?;
    let theirs = fixed(&theirs)?;
    if shown.len() != n * 64 + dleq::PROOF {
        return Err(PyValueError::new_err("64 bytes a row and a proof"));
    }
    let (blinds, rest) = shown.split_at(n * 32);
    let (evaluated, proof) = rest.split_at(n * 32);
    let claim = Claim { rows: &rows_, width, queries: &queries, blinds, evaluated, proof };
    let joint = Joint { context: &context, own_is_first };
    filled(py, n * round::ROW, |out| round::check(&claim, &key, theirs, &info, &joint, out))
}

#[pyfunction]
fn hash_rows<'py>(py: Python<'py>, prefix: Lent, rows_: Lent, width: usize) -> PyResult<Bound<'py, PyBytes>> {
    filled(py, rows(&rows_, width)? * 32, |out| hashing::hash_rows(&prefix, &rows_, width, out))
}

#[pyfunction]
fn expand<'py>(py: Python<'py>, seed: Lent, label: Lent, n: usize, width: usize) -> PyResult<Bound<'py, PyBytes>> {
    let seed = fixed(&seed)?;
    let length = n.checked_mul(width).ok_or_else(|| PyValueError::new_err("too many bytes"))?;
    filled(py, length, |out| hashing::expand(seed, &label, width, out))
}

#[pyfunction]
fn merkle_levels<'py>(py: Python<'py>, leaves: Lent) -> PyResult<Bound<'py, PyBytes>> {
    let nodes: usize = merkle::level_sizes(rows(&leaves, 32)?).iter().sum();
    filled(py, nodes * 32, |out| merkle::levels(&leaves, out))
}

#[pyfunction]
fn merkle_root<'py>(py: Python<'py>, leaves: Lent) -> PyResult<Bound<'py, PyBytes>> {
    filled(py, 32, |out| merkle::root(&leaves).map(|root| out.copy_from_slice(&root)))
}

#[pyfunction]
fn merkle_path<'py>(py: Python<'py>, levels: Lent, leaves: usize, index: usize) -> PyResult<Bound<'py, PyBytes>> {
    Ok(PyBytes::new(py, &merkle::path(&levels, leaves, index).map_err(raised)?))
}

#[pyfunction]
fn merkle_climb<'py>(py: Python<'py>, leaf: Lent, index: usize, leaves: usize, path: Lent) -> PyResult<Bound<'py, PyBytes>> {
    Ok(PyBytes::new(py, &merkle::climb(&leaf, index, leaves, &path).map_err(raised)?))
}

#[pyfunction]
#[pyo3(signature = (ours, theirs, *, distance, height, soon, level, ahead, open, most))]
#[allow(clippy::too_many_arguments)] // the volume, named at the call in kernel.py
fn airspace_conflicts<'py>(
    py: Python<'py>,
    ours: Lent,
    theirs: Lent,
    distance: f64,
    height: f64,
    soon: f64,
    level: f64,
    ahead: f64,
    open: bool,
    most: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    let volume = Volume { distance, height, soon, level, ahead, open };
    let rows = py.detach(|| airspace::conflicts(&ours, &theirs, &volume, most)).map_err(raised)?;
    Ok(PyBytes::new(py, &rows))
}

#[pymodule]
mod _kernel {
    #[pymodule_export]
    use super::rr22::{rr22_columns, rr22_force_portable, rr22_inspect, rr22_machine, PySession, Repeated};
    #[pymodule_export]
    use super::{
        airspace_conflicts, begin, blind_with, check, check_element, derive_key_pair, evaluate, expand, finalize_with, finish,
        hash_rows, hash_to_group, merkle_climb, merkle_levels, merkle_path, merkle_root, prove, prove_rfc, show, verify,
        verify_rfc, Rejected,
    };
}
