// The rows of docs/threat-model.md: for each id one sentence about this server. Tests carry the ids in their titles; which
// do is found by threat-model.mjs. `limits` says where a row holds only in part, `untested` why one has no test.

export const sections = [
  {
    title: 'Authorization requests',
    rows: {
      'AZ-01': 'A redirect URI is good only if it is, character for character, one the client registered.',
      'AZ-02': 'The one exception is the port of a loopback address, and only for native clients.',
      'AZ-03':
        'Registration refuses redirect URIs that are http beyond loopback, run script, or hold wildcards, credentials, fragments or dot segments.',
      'AZ-04': 'A request whose client or redirect URI is not known gets a page here and is sent nowhere.',
      'AZ-05':
        'Every other refusal reaches the verified redirect URI with `error`, the unchanged `state` and `iss`.',
      'AZ-06':
        'Answers carry `iss`, equal to the issuer byte for byte, whether they succeed or fail, and the metadata say so.',
      'AZ-07': 'Forms with credentials are answered with 303, so that no browser posts them on.',
      'AZ-08': 'The authorization endpoint and the hosted pages send no CORS header.',
      'AZ-09':
        'A parameter sent twice is refused, an unknown one is ignored, and an empty one counts as left out.',
      'AZ-10':
        'Only `response_type=code` exists; implicit, hybrid and password grants are refused and not advertised.',
      'AZ-11':
        'A client is answered in the response modes it registered, and by query if it registered none.',
      'AZ-12': 'No page can be framed: `frame-ancestors` and `X-Frame-Options` forbid it on each.',
      'AZ-13': 'Pages send no referrer and load nothing from another origin.',
      'AZ-14': 'Pages, codes, tokens and redirects are never stored by a cache.',
      'AZ-15':
        '`state` comes back and `nonce` is in the ID token exactly as sent, whatever characters it has.',
      'AZ-16':
        'A POST to the authorization or the logout endpoint becomes the same request by GET, and works.',
      'AZ-17': '`prompt=none` never shows a page: it gives a code or the error that says what is missing.',
      'AZ-18':
        '`prompt=login` and `max_age` ask for the password again, and `auth_time` tells when that was.',
      'AZ-19':
        'A request for one person (`id_token_hint`, `sub` claim) is never answered with another who happens to be signed in.',
      'AZ-20':
        'An essential `acr` is reached or the answer is an error; `mfa` is claimed only when it was done.',
      'AZ-21':
        'Apps that are not ours ask for consent, again when they ask for more, and always for `offline_access`.',
    },
  },
  {
    title: 'Authorization codes and PKCE',
    rows: {
      'CO-01': 'Of any number of parallel redemptions of one code, on any instance, one gives tokens.',
      'CO-02': 'A code presented again ends every token that came of it.',
      'CO-03': 'A replay that proves nothing (wrong verifier, client or redirect URI) ends nobody’s tokens.',
      'CO-04': 'A code lives 60 seconds.',
      'CO-05':
        'A code is good only for its client and redirect URI, and someone else’s try does not use it up.',
      'CO-06': 'Every client must use PKCE with S256; nothing else, less or missing is accepted.',
      'CO-07':
        'Codes have 256 random bits; they, tokens, verifiers and client secrets are neither in the log nor readable in the database.',
      'CO-08': 'The metadata name S256 as the only challenge method.',
      'CO-09': 'A code dies with its user, grant or session, also before it is redeemed.',
    },
  },
  {
    title: 'Token endpoint and client authentication',
    rows: {
      'TK-01': 'Tokens are asked for by POST with a form; anything else is refused.',
      'TK-02': 'Every answer of the token endpoint is JSON that may not be cached.',
      'TK-03': 'Each refusal has the error code that RFC 6749 gives it.',
      'TK-04': 'Error descriptions stay within the characters RFC 6749 allows, whatever was sent.',
      'TK-05': 'No token carries more scope than its client was registered for and its user allowed.',
      'TK-06': 'A client uses the grant types it registered, and a public one never `client_credentials`.',
      'CA-01': 'An unknown client and a wrong secret get the same 401.',
      'CA-02': 'A client authenticates in one way per request; two are refused.',
      'CA-03': 'Secrets in the address are not looked at.',
      'CA-04': 'An empty, missing or odd secret never passes for a confidential client, at any endpoint.',
      'CA-05':
        'Guessing at a client’s secret ends in 429, without shutting out other clients or other addresses.',
      'CA-06': 'Clients may authenticate with a signed assertion (`private_key_jwt`) in place of a secret.',
      'CA-07': 'An assertion is accepted once, also when sent many times at one moment to several instances.',
      'CA-08':
        'An assertion must be meant for our issuer and for nobody else, whatever the Host header says.',
      'CA-09': 'Client secrets are shown once and stored as digests.',
    },
  },
  {
    title: 'Refresh tokens',
    rows: {
      'RT-01':
        'Public clients get a new refresh token each time; using an old one after its retry window ends the family.',
      'RT-02': 'A refresh token works for its own client only, and only once that client has authenticated.',
      'RT-03': 'Parallel refreshes with one token all get the same successor: a family never forks.',
      'RT-04': 'A refresh may ask for less scope, never for more, and the next one may ask for all again.',
      'RT-05': 'Refresh tokens end when unused for a time, and at an absolute end in any case.',
      'RT-06':
        'They end with the user, the client, the grant, a password change, and the session unless offline access was allowed.',
      'RT-07':
        'A client that lost the answer, or met a failure of ours half-way, succeeds by sending the same request again.',
      'RT-08': 'A rotated token stays used up after every instance was restarted.',
      'RT-09': 'Sweeping leaves used tokens until their own end, so that a late replay is still recognised.',
    },
  },
  {
    title: 'Tokens, keys and userinfo',
    rows: {
      'TO-01': 'ID tokens are signed with a published key and say truly who, for whom, when and how.',
      'TO-02': 'JWT access tokens have the type and the claims of RFC 9068.',
      'TO-03': 'A token of one kind is refused wherever another kind is due.',
      'TO-04': 'A token for one API is refused by userinfo, and an unknown resource is `invalid_target`.',
      'TO-05':
        'A subject is random and never given to another; no client can take an id that looks like one.',
      'TO-06': 'A token that was changed, cut, lengthened or respelled is refused.',
      'BE-01': 'Refusals at userinfo carry the `WWW-Authenticate` challenge that RFC 6750 asks for.',
      'BE-02': 'Access tokens are taken from one place per request and never from the address.',
      'UI-01':
        'Userinfo gives the claims of the granted scopes, for the ID token’s subject, until the token’s very end.',
      'KY-01': 'Signing keys are made by each installation; the JWKS shows their public halves only.',
      'KY-02':
        'Signatures are checked with the expected key and algorithm, never with what the token suggests.',
      'KY-03':
        'A signing key is published before it signs and until the last thing it signed has ended; nothing fails to verify meanwhile.',
    },
  },
  {
    title: 'Introspection, revocation, metadata',
    rows: {
      'IN-01': 'Only an authenticated client may introspect.',
      'IN-02': 'Unknown, expired, revoked and malformed tokens get the same bytes: `{"active":false}`.',
      'IN-03': 'A token exists only for the client it was issued to and the API it is for.',
      'IN-04':
        'Introspection tells the state of this instant: user, client, grant and session are asked anew.',
      'IN-05': 'Storage trouble is 503, never `active:false`.',
      'RV-01':
        'A client may revoke its own access and refresh tokens, whatever the hint says, and nobody else’s.',
      'RV-02':
        'Revoking what does not exist is 200, and a JWT that is no access token of ours does not exist.',
      'RV-03': 'A revocation that could not be stored is 503, and the token lives until a retry succeeds.',
      'RV-04': 'A revoked refresh token takes its access tokens along, at once and on every instance.',
      'RV-05':
        'A revoked JWT is inactive at once where it is introspected, in the published status list within seconds, and its life is short.',
      'MD-01': 'The metadata name this issuer’s addresses, whichever Host was asked.',
      'MD-02': 'What the metadata advertise works, and what they do not advertise is refused.',
    },
  },
  {
    title: 'Sessions and sign-out',
    rows: {
      'SE-01':
        'Cookies are HttpOnly and SameSite=Lax, and on https Secure and prefixed, also behind a proxy.',
      'SE-02': 'The session’s id changes when somebody signs in; a planted one is worth nothing.',
      'SE-03': 'Sessions end when idle and at an absolute end, by the server’s clock.',
      'SE-04': 'A sign-in belongs to the browser that began it.',
      'SE-05': 'How far a sign-in has come is known to the server alone; a step out of turn does nothing.',
      'SE-06': 'A form that another site posts, or that lacks its token, is refused with 403.',
      'SE-07': 'A user ends their own sessions and apps, an operator anybody’s, and each ends everywhere.',
      'SE-08': 'A user who is enabled again starts afresh: what was ended stays ended.',
      'SE-09': 'Silent renewals in flight cannot bring a session back that was signed out.',
      'DV-01':
        'A device’s code is bound to its client, approved once, redeemed once, and cannot be guessed; people confirm it behind the same sign-in as ever.',
      'LO-01':
        'Signing out asks the person, cannot be forged from elsewhere, and leads only to registered addresses.',
      'LO-02': 'After the sign-out the session and all that hangs from it is refused on every instance.',
      'LO-03':
        'When a session ends, by whomever, every app that took part in it is sent a logout token of its own, only to where the operator allows.',
      'DI-01': 'A disabled user is refused at every door from the same moment, and no door breaks over it.',
    },
  },
  {
    title: 'Passwords, guesses and the second factor',
    rows: {
      'PW-01':
        'A password has at least 8 characters, or 15 where it may be the only factor, and at most 1 KiB, of any kind; nothing of it is cut off.',
      'PW-02':
        'Passwords that are common, easy to guess, leaked, or made of the user’s own address or name or ours are refused with the reason.',
      'PW-03':
        'Passwords are argon2id hashes at the OWASP floor or above, renewed when it rises; hashes of other systems end with the first sign-in; over-long passwords cost nothing.',
      'TH-01': 'Wrong passwords, codes and recovery codes block ever longer, well before the hundredth.',
      'TH-02':
        'The limits hold for any number of guesses at one moment, because each is counted before it is judged.',
      'TH-03': 'Strangers who use up an account’s guesses do not lock its owner out of a known browser.',
      'TH-04': 'Nothing in an answer, its time included, tells whether an address has an account.',
      'TH-05': 'No new sign-in, session or success elsewhere gives a guesser fresh tries.',
      'TH-06':
        'Counters know the address the trusted proxy saw; what a client writes in headers changes nothing.',
      'MF-01': 'A TOTP seed is random, sealed at rest, and no longer shown once a code has proven it.',
      'MF-02': 'A code is good in its own half minute and the neighbouring ones.',
      'MF-03': 'A code is accepted once, also in parallel on two instances, and no older one after it.',
      'MF-04': 'A code counts only for the user whose password was right in this sign-in.',
      'MF-05': 'Five wrong codes block the account’s codes, over all sign-ins, addresses and instances.',
      'MF-06': 'No address, order of steps or odd input leads past the second factor.',
      'MF-07':
        'Whoever changes a factor has just proven one: a session’s cookie alone is not enough, and the user is told.',
      'RE-01':
        'Recovery codes have 80 bits, are stored as digests, work once, and end when new ones are made.',
      'RE-03': 'An operator can start a new password, and never choose one.',
      'RE-02':
        'A way back in is one answer for everybody, a secret that works once and soon, and ends every session; the second factor is still asked for.',
    },
  },
  {
    title: 'HTTP',
    rows: {
      'HT-01': 'A request for another host is refused, and no forwarded or spoofed host is ever repeated.',
      'HT-02': 'Every answer, errors too, has the security headers and tells nothing of the inside.',
      'HT-03': 'Bodies have limits, and one above them is refused without being kept.',
      'HT-04': 'A known address with a wrong method is 405 with `Allow`; a form of a wrong type is 415.',
      'HT-05': 'An address that starts too many sign-ins gets 429, which bounds the rows it can leave.',
      'HT-06': 'No input, however malformed, is answered with a 500.',
      'XS-01':
        'Whatever people, apps or requests bring is printed as text, and the policy runs no inline script.',
    },
  },
  {
    title: 'Failures',
    rows: {
      'FT-01': 'Without a database the process lives, is not ready, answers 503 and recovers by itself.',
      'FT-02':
        'A sign-in survives a restart of the database: the step is answered 503 and can be sent again.',
      'FT-03': 'A hanging database is 503 within the deadline, and no connection is lost to it.',
      'FT-04': 'A slow database makes requests slow and fails none of them.',
      'FT-05': 'An exhausted pool is 503, never a deadlock or a 500.',
      'FT-06':
        'When the standby takes over, what was acknowledged is there: no revocation is undone, no code or refresh token works again.',
      'FT-07': 'Every flow works when each request reaches another instance.',
      'FT-08': 'SIGTERM under load breaks no answer: not ready first, then drained, then exit 0.',
      'FT-09':
        'Instances that start together migrate once, an older one leaves alone what a newer one applied, and sign-ins, tokens and revocations cross between the two.',
      'FT-10': 'Parallel redemptions of a code on two instances: one success, no 500.',
      'FT-11': 'When a refresh races a revocation, what was acknowledged as revoked is dead.',
      'FT-12': 'What was committed outlives the kill of our process, of the database’s, and of a migration.',
      'FT-13': 'When the outcome of a commit is unknown no token leaves, and a retry ends cleanly.',
      'FT-14': 'Of many uses of one code or recovery code at one moment, one succeeds.',
      'FT-15': 'A clock that goes back makes a code wrong, never an error.',
      'FT-16':
        'A database that is full or read-only still answers reads; a write it refuses is storage trouble and no verdict.',
      'FT-17': 'Sweeping removes only what has expired, a bounded number at a time.',
      'FT-18': 'Slow senders, idle connections and connections beyond a cap are closed.',
      'FT-19': 'Thousands of random requests with something wrong in each are answered, none with a 5xx.',
      'FT-20':
        'A cookie with a forged or foreign signature is no cookie; one made with an older key is, while that key is kept.',
      'FT-21': 'An app that is down keeps nobody from signing out; it is told later, and holds up no other.',
      'FT-22':
        'A receiver of events that is away for hours loses none of them, gets them in order and signed, and holds up nobody.',
      'FT-23': 'A mail server that is down changes no answer; what was to be sent goes out when it is back.',
      'FT-24':
        'Keys change under load, also where one instance is behind: nothing stops verifying or opening.',
      'FT-25': 'A revocation of very many tokens has its effect with its answer; the rows follow in batches.',
      'FT-26': 'More passwords than the hasher can take are refused at once, and cost nobody an attempt.',
      'FT-27': 'When nobody reads the log, requests are answered all the same.',
      'FT-28': 'A crash between using a token up and saving its successor leaves either both or neither.',
      'FT-29': 'Deadlocks and serialization failures are tried again at most three times, then 503.',
      'FT-30':
        'A client’s key server that hangs or lies holds up that client alone, and no database connection.',
      'FT-31':
        'A client that is disabled or deleted is refused at once, and nothing breaks over what it left.',
      'FT-32': 'A value that is taken already is recognised, whichever layer reports it.',
    },
  },
  {
    title: 'Operators',
    rows: {
      'AD-01':
        'The admin API takes opaque access tokens of ours that were made for it, in the header, and nothing else.',
      'AD-02':
        'Each route needs its one scope and no other gives it; a route without an entry does not exist.',
      'AD-03': 'An id that is not there, or is another kind’s, is 404, told in the same words.',
      'AD-04':
        'Nobody gives what they do not hold, edits a client or a person into more, or sets a field that is not theirs to set.',
      'AD-05':
        'The last owner, the caller’s own client and account, the admin API itself and the last signing key stay.',
      'AD-06':
        'When the answer to a revocation has come, no request begun later succeeds, on any instance, whatever is in flight.',
      'AD-07': 'A revocation that fails half-way is 503 and has changed nothing; the retry completes it.',
      'AD-08': 'No answer of the admin API or the command line holds a secret, a hash, a seed or a token.',
      'AD-09': 'Twenty equal requests with one idempotency key make one thing, and get one answer.',
      'AD-10': 'A change needs the entity tag of what it changes: 428 without one, 412 when it is stale.',
      'AD-11':
        'Pages of a list neither repeat nor hide anything while more is being added; a cursor that was touched is refused.',
      'AD-12': 'Every refusal of the admin API is a problem (RFC 9457) that its document describes.',
      'AD-13':
        'Every change and every denial is an audit event of the same transaction; events are chained, and an edited, missing or moved one is named.',
      'AD-14': 'A revoked token, a lost role or a narrowed client is felt at the next call.',
      'AD-15':
        'The admin API answers on the operations listener alone, without CORS, and for known hosts only.',
      'AD-16': 'Calls are limited per caller, counted in the database for all instances.',
    },
  },
]

/** Where a row holds only in part, or in another way than one might expect. */
export const limits = {
  'AZ-16':
    'the parameters then stand in the address of one redirect to ourselves, and forms above 12 kB are refused.',
  'CA-05':
    'counted in the database for each client and address; what is blocked each instance keeps in memory, so that n of them look at n − 1 guesses more.',
  'CA-06':
    'RS256, ES256 and EdDSA; no mutual TLS. Keys fetched from a `jwks_uri` are believed for a minute, or as long as its answer says.',
  'DI-01':
    'there is no CIBA flow; an API that checks JWTs by itself hears of it through the status list (RV-05).',
  'FT-01':
    'the signing keys live in the database, so JWKS and discovery answer 503 as well until it was reached once; afterwards they stay 200 when it goes away.',
  'FT-06':
    'with a synchronous standby (docs/high-availability.md). Without one, the commits it had not received are lost with the primary.',
  'FT-07': 'whatever is guessed at is counted in the database; sign-ins started, in each instance.',
  'FT-25':
    'the test ends 3,000 tokens; a bench (`npm run bench -- revocation`) a million, of which it asks for one. The end is an instant that every read compares with, so that it makes no difference how many there are.',
  'FT-32':
    'not tried again by the server: the answer is 503, nothing was written, and the next one draws another id. Ids have 256 random bits, user codes 34.',
  'HT-05':
    'sign-ins started are counted in each instance’s memory, with and without a session cookie apart; forms that make us write a mail, in the database.',
  'MF-01':
    'until it is confirmed a new secret is shown again when its page is loaded again, for an hour, in the same sign-in only: whoever turned the phone has not lost it.',
  'RT-01':
    'for ten seconds after its first use an old token gives the same successor again (RT-07): a thief that quick gets in, and is found out at the next rotation. Confidential clients authenticate and are not rotated.',
  'RV-05':
    'an API that neither introspects nor reads the status list accepts a revoked JWT until it expires: ten minutes unless the API was registered for another time, at most an hour.',
}

/** Why a row has no test. */
export const untested = {}
