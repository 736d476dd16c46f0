//! Who is asking, and what that allows.

use chrono::{DateTime, Utc};

use crate::error::{Error, Result};

/// The caller of a request or the owner of a socket.
#[derive(Clone, Debug, PartialEq)]
pub struct Viewer {
    pub caller: Caller,
    /// From when on the token is refused; sockets close then.
    pub expires_at: Option<DateTime<Utc>>,
}

/// A caller, by the kind of its token.
#[derive(Clone, Debug, PartialEq)]
pub enum Caller {
    /// No token, or one that stands for nobody, such as Supabase's anon key.
    Anonymous,
    /// A person, by an issuer's token.
    User(User),
    /// A program, by one of our own tokens.
    Service { name: String, role: Role },
}

/// A person, as the issuer knows them.
#[derive(Clone, Debug, PartialEq)]
pub struct User {
    /// The issuer's `sub`, or `alias|sub` for an issuer with an alias.
    pub id: String,
    pub email: Option<String>,
    /// Whether the issuer, not the user, says that the e-mail is theirs.
    pub email_verified: bool,
    /// A name to show; users may write it themselves.
    pub name: Option<String>,
    /// The organisation that the token was issued for.
    pub organization: Option<Organization>,
    /// Whether the configured admin claim holds.
    pub admin: bool,
}

/// An organisation, as the issuer knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Organization {
    /// The issuer's id, or `alias|id` for an issuer with an alias.
    pub id: String,
    pub name: Option<String>,
    /// Whether the user administers it.
    pub admin: bool,
}

/// What a service may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Role {
    /// Everything.
    Admin,
    /// Read everything.
    Reader,
    /// Link users to customers.
    Linker,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Admin, Self::Reader, Self::Linker];

    /// The name as the table and the command line have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Reader => "reader",
            Self::Linker => "linker",
        }
    }

    /// The role of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

impl Viewer {
    /// Nobody in particular.
    pub fn anonymous() -> Self {
        Self { caller: Caller::Anonymous, expires_at: None }
    }

    /// Whether the admin mutations are allowed.
    pub fn is_admin(&self) -> bool {
        match &self.caller {
            Caller::Anonymous => false,
            Caller::User(user) => user.admin,
            Caller::Service { role, .. } => *role == Role::Admin,
        }
    }

    /// Fails where the caller is no admin.
    pub fn require_admin(&self) -> Result<()> {
        match self.caller {
            _ if self.is_admin() => Ok(()),
            Caller::Anonymous => Err(Error::unauthenticated("This takes an admin's token.")),
            Caller::User(_) | Caller::Service { .. } => Err(Error::forbidden("This takes an admin's token.")),
        }
    }

    /// Whether everything may be seen.
    pub fn is_staff(&self) -> bool {
        self.is_admin() || matches!(self.caller, Caller::Service { role: Role::Reader, .. })
    }

    /// Whether any user may be linked to a customer.
    pub fn may_link(&self) -> bool {
        self.is_admin() || matches!(self.caller, Caller::Service { role: Role::Linker, .. })
    }

    /// What the caller is, in one word.
    pub fn kind(&self) -> &'static str {
        match &self.caller {
            Caller::Anonymous => "anonymous",
            Caller::User(user) if user.admin => Role::Admin.name(),
            Caller::User(_) => "user",
            Caller::Service { role, .. } => role.name(),
        }
    }

    /// The person, where it is one.
    pub fn user(&self) -> Option<&User> {
        match &self.caller {
            Caller::User(user) => Some(user),
            Caller::Anonymous | Caller::Service { .. } => None,
        }
    }

    /// A name for logs.
    pub fn id(&self) -> String {
        match &self.caller {
            Caller::Anonymous => "anonymous".to_owned(),
            Caller::User(user) => format!("user:{}", user.id),
            Caller::Service { name, .. } => format!("service:{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_allows_what_it_says_and_no_more() {
        let allowed = |caller| {
            let viewer = Viewer { caller, expires_at: None };
            (viewer.is_admin(), viewer.is_staff(), viewer.may_link())
        };
        let service = |role| Caller::Service { name: "ci".to_owned(), role };
        let user = |admin| {
            let (email, name, id) = (None, None, "user_1".to_owned());
            Caller::User(User { id, email, email_verified: false, name, organization: None, admin })
        };
        assert_eq!(allowed(Caller::Anonymous), (false, false, false));
        assert_eq!(allowed(user(false)), (false, false, false));
        assert_eq!(allowed(user(true)), (true, true, true));
        assert_eq!(allowed(service(Role::Reader)), (false, true, false));
        assert_eq!(allowed(service(Role::Linker)), (false, false, true));
        assert_eq!(allowed(service(Role::Admin)), (true, true, true));
    }

    #[test]
    fn a_role_has_one_name() {
        assert_eq!(Role::from_name("root"), None);
        for role in Role::ALL {
            assert_eq!(Role::from_name(role.name()), Some(role));
        }
    }
}
