//! What the service writes to people. Pure: a letter is made of its arguments, and written by the transaction that
//! causes it. Lines are short and mostly ASCII, so that mail programs show them and no encoding breaks a link.

use crate::NewMail;

/// The person's link and the token in it: some use the page behind the link, some the API.
#[derive(Debug, Clone, Copy)]
pub struct Link<'a> {
    /// Public address of the service, without a slash at the end.
    pub base: &'a str,
    /// The secret.
    pub token: &'a str,
}

fn mail(recipient: &str, subject: String, body: String) -> NewMail {
    NewMail { recipient: recipient.to_owned(), subject, body: format!("{body}\n-- \nOptimagio\n") }
}

/// Proves that an address belongs to its person.
#[must_use]
pub fn verify_email(recipient: &str, link: Link<'_>) -> NewMail {
    let Link { base, token } = link;
    let body = format!(
        "Somebody, we hope you, has given this address to Optimagio.\n\n\
         Confirm it within 24 hours:\n{base}/verify-email?token={token}\n\n\
         With the API: POST {base}/api/auth/verify-email\n{{\"token\":\"{token}\"}}\n\n\
         If it was not you, ignore this mail.\n"
    );
    mail(recipient, "Confirm your e-mail address".to_owned(), body)
}

/// Lets a person choose a new password.
#[must_use]
pub fn reset_password(recipient: &str, link: Link<'_>) -> NewMail {
    let Link { base, token } = link;
    let body = format!(
        "Somebody, we hope you, has asked for a new password.\n\n\
         Choose one within an hour:\n{base}/reset-password?token={token}\n\n\
         With the API: POST {base}/api/auth/reset-password\n\
         {{\"token\":\"{token}\",\"password\":\"...\"}}\n\n\
         If it was not you, ignore this mail: your password stays as it is.\n"
    );
    mail(recipient, "Choose a new password".to_owned(), body)
}

/// Tells a person that their password is another one.
#[must_use]
pub fn password_changed(recipient: &str) -> NewMail {
    let body = "Your password was changed, and your other sessions have ended.\n\n\
         If it was not you, ask for a new password now and tell us.\n";
    mail(recipient, "Your password was changed".to_owned(), body.to_owned())
}

/// Invites a person to an account.
#[must_use]
pub fn invitation(recipient: &str, team: &str, role: &str, link: Link<'_>) -> NewMail {
    let Link { base, token } = link;
    let body = format!(
        "You are invited to the Optimagio account of {team}, with the role \"{role}\".\n\n\
         Accept within 7 days:\n{base}/invitation?token={token}\n\n\
         With the API: POST {base}/api/team/accept\n{{\"token\":\"{token}\"}}\n\
         and, if you are new here, a \"password\" of your choice.\n\n\
         If you do not know them, ignore this mail.\n"
    );
    mail(recipient, format!("You are invited to {team}"), body)
}

/// Tells an account that a key was stopped.
#[must_use]
pub fn key_suspended(recipient: &str, prefix: &str, label: &str, reason: &str) -> NewMail {
    let body = format!(
        "Your API key {prefix}... (\"{label}\") was suspended: {reason}\n\n\
         Requests with it are refused. Other keys of the account go on working.\n\
         Write to support to have it reactivated, or make another key.\n"
    );
    mail(recipient, "An API key was suspended".to_owned(), body)
}

/// Tells an account that a stopped key works again.
#[must_use]
pub fn key_reactivated(recipient: &str, prefix: &str, label: &str) -> NewMail {
    let body = format!("Your API key {prefix}... (\"{label}\") works again.\n");
    mail(recipient, "An API key was reactivated".to_owned(), body)
}

/// Tells the sales desk that somebody asks for a plan.
#[must_use]
pub fn access_request(recipient: &str, request: &crate::NewAccessRequest) -> NewMail {
    let account = request.account_id.map_or_else(|| "none".to_owned(), |id| id.to_string());
    let body = format!(
        "Somebody asks for the plan \"{}\".\n\nE-mail: {}\nName: {}\nCompany: {}\nAccount: {account}\n\n{}\n",
        request.plan, request.email, request.name, request.company, request.message
    );
    mail(recipient, format!("Access request for {}", request.plan), body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_carry_the_token_on_a_line_of_their_own() {
        let link = Link { base: "https://img.example.com", token: "tok" };
        for (letter, path) in [
            (verify_email("a@example.com", link), "verify-email"),
            (reset_password("a@example.com", link), "reset-password"),
            (invitation("a@example.com", "Acme", "admin", link), "invitation"),
        ] {
            let line = format!("https://img.example.com/{path}?token=tok");
            assert!(letter.body.lines().any(|text| text == line), "{}", letter.body);
            assert!(letter.body.is_ascii() && letter.body.lines().all(|text| text.len() < 80));
        }
    }
}
