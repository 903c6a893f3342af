//! RFC 9497, appendix A.1.2 (ristretto255-SHA512, VOPRF mode), from vectors/voprf.json: the file that the Python tests read too.

use detente_kernel_core::dleq::{prove_rfc, verify_rfc};
use detente_kernel_core::round::{blind_with, evaluate, finalize_with};
use detente_kernel_core::suite::derive_key_pair;
use detente_kernel_core::Error;
use serde_json::Value;

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../../vectors/voprf.json")).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn joined(value: &Value) -> Vec<u8> {
    value.as_array().unwrap().iter().flat_map(bytes).collect()
}

fn keys(file: &Value) -> (Vec<u8>, [u8; 32]) {
    (bytes(&file["skSm"]), bytes(&file["pkSm"]).try_into().unwrap())
}

#[test]
fn derive_key_pair_gives_the_rfc_keys() {
    let file = vectors();
    let seed: [u8; 32] = bytes(&file["seed"]).try_into().unwrap();
    let (secret, public) = derive_key_pair(&seed, &bytes(&file["key_info"])).unwrap();
    assert_eq!((secret.to_vec(), public), keys(&file));
}

#[test]
fn every_step_gives_the_rfc_bytes() {
    let file = vectors();
    let (secret, _) = keys(&file);
    for vector in file["vectors"].as_array().unwrap() {
        for (i, input) in vector["input"].as_array().unwrap().iter().enumerate() {
            let (input, blind) = (bytes(input), bytes(&vector["blind"][i]));
            let (mut blinded, mut evaluated, mut output) = ([0u8; 32], [0u8; 32], [0u8; 64]);
            blind_with(&blind, &input, input.len(), &mut blinded).unwrap();
            assert_eq!(blinded.to_vec(), bytes(&vector["blinded_element"][i]));
            evaluate(&secret, &blinded, &mut evaluated).unwrap();
            assert_eq!(evaluated.to_vec(), bytes(&vector["evaluation_element"][i]));
            finalize_with(&blind, &input, input.len(), &evaluated, &mut output).unwrap();
            assert_eq!(output.to_vec(), bytes(&vector["output"][i]));
        }
    }
}

#[test]
fn proofs_give_the_rfc_bytes_and_hold_only_for_them() {
    let file = vectors();
    let (secret, public) = keys(&file);
    for vector in file["vectors"].as_array().unwrap() {
        let (blinded, evaluated) = (joined(&vector["blinded_element"]), joined(&vector["evaluation_element"]));
        let proof = prove_rfc(&secret, &blinded, &evaluated, &bytes(&vector["proof_random_scalar"])).unwrap();
        assert_eq!(proof.to_vec(), bytes(&vector["proof"]));
        verify_rfc(&public, &blinded, &evaluated, &proof).unwrap();
        assert_eq!(verify_rfc(&public, &evaluated, &blinded, &proof), Err(Error::Rejected));
        for at in 0..64 {
            let mut forged = proof;
            forged[at] ^= 1;
            assert_eq!(verify_rfc(&public, &blinded, &evaluated, &forged), Err(Error::Rejected));
        }
    }
}
