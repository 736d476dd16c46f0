//! Which state an object is in after several events of one second.
//!
//! Stripe's clock has whole seconds and its deliveries no order, so the order in which events of one second arrived
//! says nothing. What they say themselves does: an event tells where it leads, and, by `previous_attributes`, where
//! it came from. The decision is a function of the set of claims alone.

use std::cmp::Ordering;

use entity::{
    change::Kind,
    mirrored::{DeletedEvent, Object},
};
use serde_json::Value as Json;

use super::Mirror;

/// What one event, or one answer of Stripe's, says of an object at a second.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// The event's id; empty for an answer.
    pub event: String,
    leads_to: State,
    came_from: Origin,
    /// The place of its status in the object's life cycle.
    rank: usize,
}

/// A state of an object, raised to the newest shape.
#[derive(Clone, Debug, PartialEq)]
enum State {
    Gone,
    Is(Json),
}

/// The state that an event changed.
#[derive(Clone, Debug, PartialEq)]
enum Origin {
    /// The object was created.
    Nothing,
    Was(Json),
    /// It does not say: a snapshot.
    Unknown,
}

/// What is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The index of the claim that counts.
    pub winner: usize,
    /// Whether the claims leave no doubt; else Stripe should be asked.
    pub settled: bool,
}

impl Claim {
    /// The claim of an event's object, or of an answer.
    pub fn new(mirror: &Mirror, event: &str, kind: Kind, object: &Json, previous: Option<&Json>) -> Self {
        let lifted = |object: &Json| lifted(mirror, object);
        let gone = kind == Kind::Deleted && mirror.deleted_event == DeletedEvent::Tombstone;
        let bare = object.get("deleted").and_then(Json::as_bool) == Some(true);
        let leads_to = if gone || bare { State::Gone } else { State::Is(lifted(object)) };
        let came_from = match (kind, previous) {
            (Kind::Created, _) => Origin::Nothing,
            _ if gone && !bare => Origin::Was(lifted(object)),
            (_, Some(previous)) => Origin::Was(lifted(&put_back(object, previous))),
            (_, None) => Origin::Unknown,
        };
        let status = object.get("status").and_then(Json::as_str);
        let place = status.and_then(|status| mirror.life_cycle.iter().position(|known| *known == status));
        Self { event: event.to_owned(), leads_to, came_from, rank: place.map_or(0, |place| place + 1) }
    }

    /// Whether this is preferred to another claim where neither is known to be the last.
    fn preference(&self, other: &Self) -> Ordering {
        let key =
            |claim: &Self| (claim.leads_to == State::Gone, claim.came_from != Origin::Nothing, claim.rank);
        key(self).cmp(&key(other)).then_with(|| self.event.cmp(&other.event))
    }
}

/// Decides between claims about one second of one object; there must be one at least.
///
/// Every state that an event came from is struck against an equal state that another leads to: what is left is the
/// end of the chain, also through states that were left and entered again. Where more than one is left — an event is
/// still under way, or a snapshot that no chain explains — or none, because the chain closes, the choice is by the
/// life cycle and then by the event's id: the same for every order, and not settled.
pub fn decide(claims: &[Claim]) -> Decision {
    let mut ends: Vec<usize> = (0..claims.len()).collect();
    for claim in claims {
        let Origin::Was(origin) = &claim.came_from else { continue };
        let struck =
            ends.iter().position(|end| matches!(&claims[*end].leads_to, State::Is(state) if state == origin));
        if let Some(struck) = struck {
            ends.swap_remove(struck);
        }
    }
    // A snapshot that shows a state of the chain adds nothing.
    ends.retain(|end| !is_explained(claims, *end));
    // Nothing comes before the creation.
    if ends.iter().any(|end| claims[*end].came_from != Origin::Nothing) {
        ends.retain(|end| claims[*end].came_from != Origin::Nothing);
    }
    let closed = ends.is_empty();
    let candidates = if closed { (0..claims.len()).collect() } else { ends };
    let best = candidates.iter().copied().max_by(|a, b| claims[*a].preference(&claims[*b]));
    let best = best.expect("there is a claim");
    // Several may tell of that state: which of them is named must not depend on their order either.
    let tells = |index: &usize| claims[*index].leads_to == claims[best].leads_to;
    let winner = (0..claims.len()).filter(tells).max_by_key(|index| &claims[*index].event).unwrap_or(best);
    let agreed = candidates.iter().all(|candidate| claims[*candidate].leads_to == claims[winner].leads_to);
    Decision { winner, settled: agreed && (!closed || claims.len() == 1) }
}

fn is_explained(claims: &[Claim], index: usize) -> bool {
    let snapshot = &claims[index];
    if snapshot.came_from != Origin::Unknown {
        return false;
    }
    let shows = |claim: &Claim| {
        let enters = claim.leads_to == snapshot.leads_to;
        let leaves =
            matches!((&claim.came_from, &snapshot.leads_to), (Origin::Was(was), State::Is(is)) if was == is);
        claim.came_from != Origin::Unknown && (enters || leaves)
    };
    claims.iter().enumerate().any(|(other, claim)| other != index && shows(claim))
}

fn lifted(mirror: &Mirror, object: &Json) -> Json {
    let mut object = object.clone();
    if let Json::Object(object) = &mut object {
        (mirror.lift)(object);
    }
    without_nulls(object)
}

/// To Stripe a member that is null is one that is absent.
fn without_nulls(value: Json) -> Json {
    match value {
        Json::Object(object) => {
            let members = object.into_iter().filter(|(_, value)| !value.is_null());
            Json::Object(members.map(|(name, value)| (name, without_nulls(value))).collect())
        }
        Json::Array(items) => Json::Array(items.into_iter().map(without_nulls).collect()),
        other => other,
    }
}

/// The object before the change: hashes are put back member by member, everything else whole.
fn put_back(object: &Json, previous: &Json) -> Json {
    let (Json::Object(object), Json::Object(previous)) = (object, previous) else { return previous.clone() };
    let mut before: Object = object.clone();
    for (name, value) in previous {
        let value = match object.get(name) {
            Some(now @ Json::Object(_)) if value.is_object() => put_back(now, value),
            _ => value.clone(),
        };
        before.insert(name.clone(), value);
    }
    Json::Object(before)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::mirror::mirror;

    fn claim(event: &str, kind: Kind, object: &Json, previous: Option<&Json>) -> Claim {
        let mirror = mirror(object["object"].as_str().expect("named")).expect("mirrored");
        Claim::new(mirror, event, kind, object, previous)
    }

    fn customer(name: &str) -> Json {
        json!({ "id": "cus_1", "object": "customer", "name": name, "address": { "city": "Ghent", "line1": null } })
    }

    fn update(event: &str, from: &str, to: &str) -> Claim {
        claim(event, Kind::Updated, &customer(to), Some(&json!({ "name": from })))
    }

    fn end(claims: &[Claim]) -> (&str, bool) {
        let Decision { winner, settled } = decide(claims);
        let name = match &claims[winner].leads_to {
            State::Gone => "gone",
            State::Is(object) => object["name"].as_str().or(object["status"].as_str()).expect("it has one"),
        };
        (name, settled)
    }

    #[test]
    fn a_chain_ends_where_nothing_leads_on() {
        let created = claim("evt_9", Kind::Created, &customer("A"), None);
        assert_eq!(end(std::slice::from_ref(&created)), ("A", true));
        assert_eq!(end(&[update("evt_1", "A", "B"), created.clone()]), ("B", true));
        let there_and_back = [update("evt_3", "A", "B"), created.clone(), update("evt_1", "B", "A")];
        assert_eq!(end(&there_and_back), ("A", true));
        let deleted = claim("evt_0", Kind::Deleted, &customer("B"), None);
        assert_eq!(end(&[deleted, update("evt_1", "A", "B"), created]), ("gone", true));
    }

    #[test]
    fn hashes_are_put_back_member_by_member() {
        let moved =
            json!({ "id": "cus_1", "object": "customer", "address": { "city": "Bruges" }, "name": "A" });
        let moved = claim("evt_1", Kind::Updated, &moved, Some(&json!({ "address": { "city": "Ghent" } })));
        let created = claim("evt_2", Kind::Created, &customer("A"), None);
        assert_eq!(decide(&[created, moved]), Decision { winner: 1, settled: true });
    }

    #[test]
    fn what_no_chain_explains_is_chosen_by_the_life_cycle_and_not_settled() {
        let invoice = |status: &str| json!({ "id": "in_1", "object": "invoice", "status": status });
        let open = claim("evt_2", Kind::Updated, &invoice("open"), Some(&json!({ "status": "draft" })));
        let paid = claim("evt_1", Kind::Updated, &invoice("paid"), None);
        assert_eq!(end(&[paid.clone(), open.clone()]), ("paid", false));
        let updated = claim("evt_0", Kind::Updated, &invoice("paid"), Some(&json!({ "status": "open" })));
        assert_eq!(end(&[paid, open, updated]), ("paid", true));
        let closed = [update("evt_1", "A", "B"), update("evt_2", "B", "A")];
        assert_eq!(end(&closed), ("A", false));
        let gap = [claim("evt_9", Kind::Created, &customer("A"), None), update("evt_1", "B", "C")];
        assert_eq!(end(&gap), ("C", true), "nothing comes before the creation");
    }

    proptest! {
        #[test]
        fn a_walk_ends_where_it_ended_in_any_order(
            walk in prop::collection::vec(0..4_u8, 0..8),
            order in any::<prop::sample::Index>(),
            seed in prop::collection::vec(any::<u32>(), 9),
        ) {
            let name = |place: u8| ["A", "B", "C", "D"][usize::from(place)];
            let mut claims = vec![claim("evt_created", Kind::Created, &customer("A"), None)];
            let mut at = 0;
            for (step, next) in walk.iter().copied().filter(|next| *next < 4).enumerate() {
                if next != at {
                    claims.push(update(&format!("evt_{}", seed[step]), name(at), name(next)));
                    at = next;
                }
            }
            let count = claims.len();
            claims.rotate_left(order.index(count));
            let mut keyed: Vec<_> = claims.into_iter().zip(seed.iter().cycle()).collect();
            keyed.sort_by_key(|(_, key)| **key);
            let claims: Vec<Claim> = keyed.into_iter().map(|(claim, _)| claim).collect();
            prop_assert_eq!(end(&claims), (name(at), true));
        }
    }
}
