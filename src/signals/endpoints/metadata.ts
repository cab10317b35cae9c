import { POLL, PUSH } from './stream-document.ts'

export const WELL_KNOWN = '/.well-known/ssf-configuration'

/** Where the metadata of an issuer is: its path goes behind the well-known one (SSF section 7.2.1). */
export function metadataPath(issuer: string): string {
  return `${WELL_KNOWN}${new URL(issuer).pathname.replace(/\/$/, '')}`
}

/** The transmitter's configuration (SSF section 7.1). */
export function transmitterMetadata(issuer: string, defaultSubjects: 'ALL' | 'NONE') {
  return {
    spec_version: '1_0',
    issuer,
    jwks_uri: `${issuer}/jwks`,
    delivery_methods_supported: [PUSH, POLL],
    configuration_endpoint: `${issuer}/ssf/stream`,
    status_endpoint: `${issuer}/ssf/status`,
    add_subject_endpoint: `${issuer}/ssf/subjects/add`,
    remove_subject_endpoint: `${issuer}/ssf/subjects/remove`,
    verification_endpoint: `${issuer}/ssf/verify`,
    // Whoever does not understand `session` must not take the end of one for the end of all.
    critical_subject_members: ['user', 'session'],
    authorization_schemes: [{ spec_urn: 'urn:ietf:rfc:6749' }],
    default_subjects: defaultSubjects,
  }
}
