import { generateURI } from 'otplib'

/** The otpauth: URI of a seed in base32, as authenticator apps read it from a QR code. */
export function totpUri(secret: string, { issuer, account }: { issuer: string; account: string }): string {
  // A colon separates issuer from account in the label and may stand in neither.
  const plain = (text: string) => text.replaceAll(':', ' ')
  return generateURI({ secret, issuer: plain(issuer), label: plain(account) })
}
