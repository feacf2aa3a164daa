# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_nativejwt_global_optspecs
    string join \n json h/help V/version
end

function __fish_nativejwt_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_nativejwt_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_nativejwt_using_subcommand
    set -l cmd (__fish_nativejwt_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c nativejwt -n "__fish_nativejwt_needs_command" -l json -d 'Print JSON, one object on each line'
complete -c nativejwt -n "__fish_nativejwt_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nativejwt -n "__fish_nativejwt_needs_command" -s V -l version -d 'Print version'
complete -c nativejwt -n "__fish_nativejwt_needs_command" -f -a "issue" -d 'Sign a token and print it'
complete -c nativejwt -n "__fish_nativejwt_needs_command" -f -a "keygen" -d 'Generate a key pair or a shared secret'
complete -c nativejwt -n "__fish_nativejwt_needs_command" -f -a "jwks" -d 'Make a JWK Set from public keys'
complete -c nativejwt -n "__fish_nativejwt_needs_command" -f -a "inspect" -d 'Show header and claims of a token, without verifying it'
complete -c nativejwt -n "__fish_nativejwt_needs_command" -f -a "verify-jws" -d 'Verify the signature of a JWS with a key, and print its payload'
complete -c nativejwt -n "__fish_nativejwt_needs_command" -f -a "check-token" -d 'Authenticate a token as the coordinator does'
complete -c nativejwt -n "__fish_nativejwt_needs_command" -f -a "check-config" -d 'Check a coordinator\'s configuration'
complete -c nativejwt -n "__fish_nativejwt_needs_command" -f -a "map-user" -d 'Map principals to Trino users'
complete -c nativejwt -n "__fish_nativejwt_needs_command" -f -a "check-rules" -d 'Try a file of claim rules'
complete -c nativejwt -n "__fish_nativejwt_needs_command" -f -a "revoke" -d 'Shut out tokens before they expire'
complete -c nativejwt -n "__fish_nativejwt_needs_command" -f -a "why" -d 'Find out why a coordinator rejects a token'
complete -c nativejwt -n "__fish_nativejwt_needs_command" -f -a "ctl" -d 'Ask a running coordinator, and tell it what to do'
complete -c nativejwt -n "__fish_nativejwt_needs_command" -f -a "login" -d 'Get a token from an identity provider, for you or for a job'
complete -c nativejwt -n "__fish_nativejwt_needs_command" -f -a "token" -d 'Print a token that is good for at least a minute'
complete -c nativejwt -n "__fish_nativejwt_needs_command" -f -a "logout" -d 'End a login: revoke its tokens, and forget them'
complete -c nativejwt -n "__fish_nativejwt_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand issue" -l key -d 'File with the private key or secret' -r -F
complete -c nativejwt -n "__fish_nativejwt_using_subcommand issue" -l alg -d 'JWS algorithm; by default the JWK\'s alg, else the algorithm of the key (RSA: RS256, secret: HS256)' -r
complete -c nativejwt -n "__fish_nativejwt_using_subcommand issue" -l kid -d 'Key ID for the header; by default the JWK\'s kid, else none' -r
complete -c nativejwt -n "__fish_nativejwt_using_subcommand issue" -l claim -d 'Adds a claim. VALUE is JSON if it can be parsed as JSON, else a string; \'"7"\' is the string 7' -r
complete -c nativejwt -n "__fish_nativejwt_using_subcommand issue" -l ttl -d 'Lifetime: a number with s, m, h or d, such as 15m; negative for an expired token; none for no exp' -r
complete -c nativejwt -n "__fish_nativejwt_using_subcommand issue" -l json -d 'Print JSON, one object on each line'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand issue" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand keygen" -l alg -d 'JWS algorithm of the key: HS256, RS256, PS256, ES256, EdDSA, …' -r
complete -c nativejwt -n "__fish_nativejwt_using_subcommand keygen" -l out -d 'Folder for the files; created if it does not exist' -r -F
complete -c nativejwt -n "__fish_nativejwt_using_subcommand keygen" -l kid -d 'Key ID for the JWKs; by default the RFC 7638 thumbprint for a key pair, and none for a secret' -r
complete -c nativejwt -n "__fish_nativejwt_using_subcommand keygen" -l json -d 'Print JSON, one object on each line'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand keygen" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand jwks" -l json -d 'Print JSON, one object on each line'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand jwks" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand inspect" -l json -d 'Print JSON, one object on each line'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand inspect" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand verify-jws" -l key -d 'File with the key or the keys' -r
complete -c nativejwt -n "__fish_nativejwt_using_subcommand verify-jws" -l json -d 'Print JSON, one object on each line'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand verify-jws" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand check-token" -l config -d 'The coordinator\'s config.properties, or the plugin\'s property file' -r -F
complete -c nativejwt -n "__fish_nativejwt_using_subcommand check-token" -l at -d 'The time to check the token at: RFC 3339 or Unix seconds; by default now' -r
complete -c nativejwt -n "__fish_nativejwt_using_subcommand check-token" -l json -d 'Print JSON, one object on each line'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand check-token" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand check-config" -l online -d 'Also check what will hurt later: weak and published keys, exp, clocks, mappings'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand check-config" -l strict -d 'Warnings are errors: the exit code is 2 if there are any'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand check-config" -l json -d 'Print JSON, one object on each line'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand check-config" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand map-user" -l pattern -d 'A pattern, as in user-mapping.pattern; the user is its first group' -r
complete -c nativejwt -n "__fish_nativejwt_using_subcommand map-user" -l file -d 'A rule file, as in user-mapping.file' -r -F
complete -c nativejwt -n "__fish_nativejwt_using_subcommand map-user" -l json -d 'Print JSON, one object on each line'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand map-user" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand check-rules" -l cases -d 'A JSON array of claims with the decisions that are expected' -r -F
complete -c nativejwt -n "__fish_nativejwt_using_subcommand check-rules" -l at -d 'The time of the decision: RFC 3339 or Unix seconds; by default now' -r
complete -c nativejwt -n "__fish_nativejwt_using_subcommand check-rules" -l json -d 'Print JSON, one object on each line'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand check-rules" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand revoke" -l file -d 'The revocation file' -r -F
complete -c nativejwt -n "__fish_nativejwt_using_subcommand revoke" -l jti -d 'The token with this jti' -r
complete -c nativejwt -n "__fish_nativejwt_using_subcommand revoke" -l sub -d 'All tokens with this sub' -r
complete -c nativejwt -n "__fish_nativejwt_using_subcommand revoke" -l sid -d 'All tokens of the session with this sid' -r
complete -c nativejwt -n "__fish_nativejwt_using_subcommand revoke" -l kid -d 'All tokens whose protected header names the key with this kid' -r
complete -c nativejwt -n "__fish_nativejwt_using_subcommand revoke" -l iss -d 'All tokens of this issuer' -r
complete -c nativejwt -n "__fish_nativejwt_using_subcommand revoke" -l issuer -d 'Only tokens with this iss' -r
complete -c nativejwt -n "__fish_nativejwt_using_subcommand revoke" -l issued-before -d 'Only tokens that were issued before this time: now, RFC 3339 or Unix seconds' -r
complete -c nativejwt -n "__fish_nativejwt_using_subcommand revoke" -l until -d 'The end of the entry: RFC 3339, Unix seconds, or a duration from now on such as 8h' -r
complete -c nativejwt -n "__fish_nativejwt_using_subcommand revoke" -l comment -d 'A comment on the line of the entry' -r
complete -c nativejwt -n "__fish_nativejwt_using_subcommand revoke" -l json -d 'Print JSON, one object on each line'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand revoke" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand why" -l socket -d 'The socket that control-socket names' -r -F
complete -c nativejwt -n "__fish_nativejwt_using_subcommand why" -l json -d 'Print JSON, one object on each line'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand why" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand ctl; and not __fish_seen_subcommand_from status reload refresh-keys flush-cache rejections shadow revoke explain help" -l socket -d 'The socket that control-socket names' -r -F
complete -c nativejwt -n "__fish_nativejwt_using_subcommand ctl; and not __fish_seen_subcommand_from status reload refresh-keys flush-cache rejections shadow revoke explain help" -l json -d 'Print JSON, one object on each line'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand ctl; and not __fish_seen_subcommand_from status reload refresh-keys flush-cache rejections shadow revoke explain help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand ctl; and not __fish_seen_subcommand_from status reload refresh-keys flush-cache rejections shadow revoke explain help" -f -a "status" -d 'Show what runs, and what is in force'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand ctl; and not __fish_seen_subcommand_from status reload refresh-keys flush-cache rejections shadow revoke explain help" -f -a "reload" -d 'Read files that have changed now, and show what is in force then'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand ctl; and not __fish_seen_subcommand_from status reload refresh-keys flush-cache rejections shadow revoke explain help" -f -a "refresh-keys" -d 'Fetch the keys of all issuers now'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand ctl; and not __fish_seen_subcommand_from status reload refresh-keys flush-cache rejections shadow revoke explain help" -f -a "flush-cache" -d 'Forget all accepted tokens, so that each is verified again'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand ctl; and not __fish_seen_subcommand_from status reload refresh-keys flush-cache rejections shadow revoke explain help" -f -a "rejections" -d 'Show the last 200 tokens that were rejected'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand ctl; and not __fish_seen_subcommand_from status reload refresh-keys flush-cache rejections shadow revoke explain help" -f -a "shadow" -d 'Show the report of shadow mode, in Markdown'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand ctl; and not __fish_seen_subcommand_from status reload refresh-keys flush-cache rejections shadow revoke explain help" -f -a "revoke" -d 'Revoke the token with this trace ID: adds its entry to the coordinator\'s revocation file'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand ctl; and not __fish_seen_subcommand_from status reload refresh-keys flush-cache rejections shadow revoke explain help" -f -a "explain" -d 'Show the running coordinator\'s verdict on a token, step by step'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand ctl; and not __fish_seen_subcommand_from status reload refresh-keys flush-cache rejections shadow revoke explain help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand ctl; and __fish_seen_subcommand_from status" -l json -d 'Print JSON, one object on each line'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand ctl; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand ctl; and __fish_seen_subcommand_from reload" -l json -d 'Print JSON, one object on each line'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand ctl; and __fish_seen_subcommand_from reload" -s h -l help -d 'Print help'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand ctl; and __fish_seen_subcommand_from refresh-keys" -l json -d 'Print JSON, one object on each line'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand ctl; and __fish_seen_subcommand_from refresh-keys" -s h -l help -d 'Print help'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand ctl; and __fish_seen_subcommand_from flush-cache" -l json -d 'Print JSON, one object on each line'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand ctl; and __fish_seen_subcommand_from flush-cache" -s h -l help -d 'Print help'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand ctl; and __fish_seen_subcommand_from rejections" -l json -d 'Print JSON, one object on each line'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand ctl; and __fish_seen_subcommand_from rejections" -s h -l help -d 'Print help'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand ctl; and __fish_seen_subcommand_from shadow" -l json -d 'Print JSON, one object on each line'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand ctl; and __fish_seen_subcommand_from shadow" -s h -l help -d 'Print help'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand ctl; and __fish_seen_subcommand_from revoke" -l json -d 'Print JSON, one object on each line'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand ctl; and __fish_seen_subcommand_from revoke" -s h -l help -d 'Print help'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand ctl; and __fish_seen_subcommand_from explain" -l json -d 'Print JSON, one object on each line'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand ctl; and __fish_seen_subcommand_from explain" -s h -l help -d 'Print help'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand ctl; and __fish_seen_subcommand_from help" -f -a "status" -d 'Show what runs, and what is in force'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand ctl; and __fish_seen_subcommand_from help" -f -a "reload" -d 'Read files that have changed now, and show what is in force then'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand ctl; and __fish_seen_subcommand_from help" -f -a "refresh-keys" -d 'Fetch the keys of all issuers now'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand ctl; and __fish_seen_subcommand_from help" -f -a "flush-cache" -d 'Forget all accepted tokens, so that each is verified again'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand ctl; and __fish_seen_subcommand_from help" -f -a "rejections" -d 'Show the last 200 tokens that were rejected'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand ctl; and __fish_seen_subcommand_from help" -f -a "shadow" -d 'Show the report of shadow mode, in Markdown'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand ctl; and __fish_seen_subcommand_from help" -f -a "revoke" -d 'Revoke the token with this trace ID: adds its entry to the coordinator\'s revocation file'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand ctl; and __fish_seen_subcommand_from help" -f -a "explain" -d 'Show the running coordinator\'s verdict on a token, step by step'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand ctl; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand login" -l issuer -d 'The issuer, exactly as its tokens have it in iss; for Keycloak https://HOST/realms/REALM' -r
complete -c nativejwt -n "__fish_nativejwt_using_subcommand login" -l config -d 'A coordinator\'s config.properties, or the plugin\'s property file: gives the issuer and the audience' -r -F
complete -c nativejwt -n "__fish_nativejwt_using_subcommand login" -l client-id -d 'The ID of a client that is registered at the provider' -r
complete -c nativejwt -n "__fish_nativejwt_using_subcommand login" -l profile -d 'The name under which the login is kept' -r
complete -c nativejwt -n "__fish_nativejwt_using_subcommand login" -l scope -d 'The scope to ask for, words separated by blanks [default: openid]' -r
complete -c nativejwt -n "__fish_nativejwt_using_subcommand login" -l audience -d 'The parameter audience, which some providers (Auth0) need; with --config its required-audience' -r
complete -c nativejwt -n "__fish_nativejwt_using_subcommand login" -l resource -d 'The parameter resource (RFC 8707)' -r
complete -c nativejwt -n "__fish_nativejwt_using_subcommand login" -l redirect-port -d 'The port of the redirect; 0 takes a free one [default: 0]' -r
complete -c nativejwt -n "__fish_nativejwt_using_subcommand login" -l redirect-host -d 'The host of the redirect: 127.0.0.1, ::1 or localhost [default: 127.0.0.1]' -r
complete -c nativejwt -n "__fish_nativejwt_using_subcommand login" -l client-secret-file -d 'A file with the client\'s secret' -r -F
complete -c nativejwt -n "__fish_nativejwt_using_subcommand login" -l client-secret-env -d 'The environment variable with the client\'s secret, also for later calls' -r
complete -c nativejwt -n "__fish_nativejwt_using_subcommand login" -l client-key-file -d 'A file with the client\'s private key, PEM or JWK, which signs assertions (RFC 7523)' -r -F
complete -c nativejwt -n "__fish_nativejwt_using_subcommand login" -l client-key-id -d 'The kid of the assertions; by default that of the JWK' -r
complete -c nativejwt -n "__fish_nativejwt_using_subcommand login" -l trust-store -d 'A file with the certificates that are trusted for the provider: PEM, JKS or PKCS#12' -r -F
complete -c nativejwt -n "__fish_nativejwt_using_subcommand login" -l proxy -d 'An HTTP proxy' -r
complete -c nativejwt -n "__fish_nativejwt_using_subcommand login" -l wait -d 'How many seconds to wait for your sign-in' -r
complete -c nativejwt -n "__fish_nativejwt_using_subcommand login" -l storage -d 'Where the tokens are kept [default: the key ring where one answers, else a file]' -r
complete -c nativejwt -n "__fish_nativejwt_using_subcommand login" -l id-token -d 'Keep the ID token instead of the access token, for providers with opaque access tokens (Google)'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand login" -l browser -d 'Sign in in a browser on this machine'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand login" -l device -d 'Sign in in a browser on any machine, with a code'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand login" -l client-credentials -d 'Get a token with the client\'s own credentials, without a person'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand login" -l no-open -d 'Print the address only, and open no browser'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand login" -l json -d 'Print JSON, one object on each line'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand login" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand token" -l profile -d 'The name of the login' -r
complete -c nativejwt -n "__fish_nativejwt_using_subcommand token" -l for -d 'Print only a token that is good for this time, such as 20m, and fetch the next one otherwise' -r
complete -c nativejwt -n "__fish_nativejwt_using_subcommand token" -l exec-credential -d 'Print Kubernetes\' ExecCredential instead'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand token" -l json -d 'Print JSON, one object on each line'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand token" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand logout" -l profile -d 'The name of the login' -r
complete -c nativejwt -n "__fish_nativejwt_using_subcommand logout" -l forget -d 'Forget the login even if its tokens cannot be revoked now'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand logout" -l json -d 'Print JSON, one object on each line'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand logout" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand help; and not __fish_seen_subcommand_from issue keygen jwks inspect verify-jws check-token check-config map-user check-rules revoke why ctl login token logout help" -f -a "issue" -d 'Sign a token and print it'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand help; and not __fish_seen_subcommand_from issue keygen jwks inspect verify-jws check-token check-config map-user check-rules revoke why ctl login token logout help" -f -a "keygen" -d 'Generate a key pair or a shared secret'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand help; and not __fish_seen_subcommand_from issue keygen jwks inspect verify-jws check-token check-config map-user check-rules revoke why ctl login token logout help" -f -a "jwks" -d 'Make a JWK Set from public keys'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand help; and not __fish_seen_subcommand_from issue keygen jwks inspect verify-jws check-token check-config map-user check-rules revoke why ctl login token logout help" -f -a "inspect" -d 'Show header and claims of a token, without verifying it'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand help; and not __fish_seen_subcommand_from issue keygen jwks inspect verify-jws check-token check-config map-user check-rules revoke why ctl login token logout help" -f -a "verify-jws" -d 'Verify the signature of a JWS with a key, and print its payload'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand help; and not __fish_seen_subcommand_from issue keygen jwks inspect verify-jws check-token check-config map-user check-rules revoke why ctl login token logout help" -f -a "check-token" -d 'Authenticate a token as the coordinator does'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand help; and not __fish_seen_subcommand_from issue keygen jwks inspect verify-jws check-token check-config map-user check-rules revoke why ctl login token logout help" -f -a "check-config" -d 'Check a coordinator\'s configuration'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand help; and not __fish_seen_subcommand_from issue keygen jwks inspect verify-jws check-token check-config map-user check-rules revoke why ctl login token logout help" -f -a "map-user" -d 'Map principals to Trino users'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand help; and not __fish_seen_subcommand_from issue keygen jwks inspect verify-jws check-token check-config map-user check-rules revoke why ctl login token logout help" -f -a "check-rules" -d 'Try a file of claim rules'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand help; and not __fish_seen_subcommand_from issue keygen jwks inspect verify-jws check-token check-config map-user check-rules revoke why ctl login token logout help" -f -a "revoke" -d 'Shut out tokens before they expire'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand help; and not __fish_seen_subcommand_from issue keygen jwks inspect verify-jws check-token check-config map-user check-rules revoke why ctl login token logout help" -f -a "why" -d 'Find out why a coordinator rejects a token'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand help; and not __fish_seen_subcommand_from issue keygen jwks inspect verify-jws check-token check-config map-user check-rules revoke why ctl login token logout help" -f -a "ctl" -d 'Ask a running coordinator, and tell it what to do'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand help; and not __fish_seen_subcommand_from issue keygen jwks inspect verify-jws check-token check-config map-user check-rules revoke why ctl login token logout help" -f -a "login" -d 'Get a token from an identity provider, for you or for a job'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand help; and not __fish_seen_subcommand_from issue keygen jwks inspect verify-jws check-token check-config map-user check-rules revoke why ctl login token logout help" -f -a "token" -d 'Print a token that is good for at least a minute'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand help; and not __fish_seen_subcommand_from issue keygen jwks inspect verify-jws check-token check-config map-user check-rules revoke why ctl login token logout help" -f -a "logout" -d 'End a login: revoke its tokens, and forget them'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand help; and not __fish_seen_subcommand_from issue keygen jwks inspect verify-jws check-token check-config map-user check-rules revoke why ctl login token logout help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand help; and __fish_seen_subcommand_from ctl" -f -a "status" -d 'Show what runs, and what is in force'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand help; and __fish_seen_subcommand_from ctl" -f -a "reload" -d 'Read files that have changed now, and show what is in force then'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand help; and __fish_seen_subcommand_from ctl" -f -a "refresh-keys" -d 'Fetch the keys of all issuers now'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand help; and __fish_seen_subcommand_from ctl" -f -a "flush-cache" -d 'Forget all accepted tokens, so that each is verified again'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand help; and __fish_seen_subcommand_from ctl" -f -a "rejections" -d 'Show the last 200 tokens that were rejected'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand help; and __fish_seen_subcommand_from ctl" -f -a "shadow" -d 'Show the report of shadow mode, in Markdown'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand help; and __fish_seen_subcommand_from ctl" -f -a "revoke" -d 'Revoke the token with this trace ID: adds its entry to the coordinator\'s revocation file'
complete -c nativejwt -n "__fish_nativejwt_using_subcommand help; and __fish_seen_subcommand_from ctl" -f -a "explain" -d 'Show the running coordinator\'s verdict on a token, step by step'
