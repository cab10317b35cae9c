import type { Db } from '../db/index.ts'

/** Keeps the language (BCP 47) in which somebody wants to be spoken to, on pages and in mails. Says whether it is another than before. */
export async function setLocale(db: Db, userId: string, locale: string): Promise<boolean> {
  const { count } = await db.user.updateMany({
    where: { id: userId, OR: [{ locale: null }, { locale: { not: locale } }] },
    data: { locale },
  })
  return count > 0
}
