//! The Python face of the engine rr22: one opaque session, bytes in and out, the interpreter released while it computes.

use std::sync::Mutex;

use detente_kernel_core::rr22::inspect::{self, Case};
use detente_kernel_core::rr22::session::{Finished, Session, Setup};
use detente_kernel_core::rr22::{cpu, params, Fault};
use pyo3::exceptions::{PyException, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::{fixed, Lent, Rejected};

pyo3::create_exception!(_kernel, Repeated, PyException, "Our own tokens repeat.");

fn raised(fault: Fault) -> PyErr {
    match fault {
        Fault::Failed => Rejected::new_err("a value from the peer was rejected"),
        Fault::Malformed => PyValueError::new_err("lengths that do not fit the declared sizes"),
        Fault::Unsolvable => Repeated::new_err("a token occurs twice"),
        Fault::OutOfTurn => PyRuntimeError::new_err("the session takes no message now"),
    }
}

/// One evaluation in both directions. Mutable and single-use; detente/psi/rr22.py makes immutable states of it.
#[pyclass(frozen, name = "Rr22Session")]
pub struct PySession(Mutex<Session>);

impl PySession {
    fn with<T: Send>(&self, py: Python<'_>, f: impl FnOnce(&mut Session) -> Result<T, Fault> + Send) -> PyResult<T> {
        py.detach(|| match self.0.lock() {
            Ok(mut session) => f(&mut session),
            Err(_) => Err(Fault::OutOfTurn), // a call that panicked left it locked: nothing more may come of it
        })
        .map_err(raised)
    }
}

#[pymethods]
impl PySession {
    /// Starts a session; gives it and, for the first party, the message to send.
    #[staticmethod]
    #[pyo3(signature = (first, context, rows, width, theirs, entropy, inspectable))]
    #[allow(clippy::too_many_arguments)] // each is named by keyword in Python
    fn begin<'py>(
        py: Python<'py>,
        first: bool,
        context: Lent,
        rows: Lent,
        width: usize,
        theirs: usize,
        entropy: Lent,
        inspectable: bool,
    ) -> PyResult<(Self, Option<Bound<'py, PyBytes>>)> {
        let entropy = fixed(&entropy)?;
        let setup = Setup { first, context: &context, tokens: &rows, width, theirs, entropy, inspectable };
        let (session, message) = py.detach(|| Session::begin(&setup)).map_err(raised)?;
        Ok((Self(Mutex::new(session)), message.map(|m| PyBytes::new(py, &m))))
    }

    /// Bytes of the message that is due, or None.
    fn expected(&self, py: Python<'_>) -> PyResult<Option<usize>> {
        self.with(py, |session| Ok(session.expected()))
    }

    fn done(&self, py: Python<'_>) -> PyResult<bool> {
        self.with(py, |session| Ok(session.done()))
    }

    /// Takes the peer's next message; gives the reply if one is due.
    fn receive<'py>(&self, py: Python<'py>, message: Lent) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let message: &[u8] = &message;
        let reply = self.with(py, |session| session.receive(message.to_vec()))?;
        Ok(reply.map(|r| PyBytes::new(py, &r)))
    }

    /// Waits for the outputs; gives them and, where the session is inspectable, our record for the inspector. Once.
    fn finish<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyBytes>, Option<Bound<'py, PyBytes>>)> {
        let (outputs, record) = self.with(py, |session| {
            let Finished { outputs, record } = session.finish()?;
            Ok((outputs, record.map(|r| r.to_bytes())))
        })?;
        Ok((PyBytes::new(py, &outputs), record.map(|r| PyBytes::new(py, &r))))
    }
}

/// F of tokens that one party says it queried, recomputed from both parties' records.
#[pyfunction]
#[pyo3(signature = (context, sizes, records, owner_is_first, rows, width))]
pub fn rr22_inspect<'py>(
    py: Python<'py>,
    context: Lent,
    sizes: (usize, usize),
    records: (Lent, Lent),
    owner_is_first: bool,
    rows: Lent,
    width: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    if width == 0 || !rows.len().is_multiple_of(width) {
        return Err(raised(Fault::Malformed));
    }
    let (first, second): (&[u8], &[u8]) = (&records.0, &records.1);
    let case = Case { context: &context, sizes: [sizes.0, sizes.1], records: [first, second] };
    let tokens: &[u8] = &rows;
    let outputs = py.detach(|| inspect::inspect(&case, owner_is_first, tokens, width)).map_err(raised)?;
    Ok(PyBytes::new(py, &outputs))
}

/// Columns of the table that n tokens are encoded into: what a cheating peer could query, and so what the budget charges.
#[pyfunction]
pub fn rr22_columns(tokens: usize) -> usize {
    params::Okvs::new(tokens).columns()
}

/// Which instructions the engine uses here.
#[pyfunction]
pub fn rr22_machine() -> &'static str {
    cpu::describe()
}

/// Sends every computation down the portable path (True) or back to detection (False); outputs stay the same.
#[pyfunction]
pub fn rr22_force_portable(portable: bool) {
    cpu::force_portable(portable);
}
