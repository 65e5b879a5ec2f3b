const KEPT = 'lowincome.leaving';
let ending: Promise<void> | null = null;

/** Remember, for every page of this browser, that a session was left which the server still holds to be open. */
export function leaveLater(): void {
  try {
    localStorage.setItem(KEPT, '1');
  } catch {
    // Storage may be forbidden: the session then runs out by itself.
  }
}

/** Whether such a session is still to be ended. */
export function owed(): boolean {
  try {
    return localStorage.getItem(KEPT) !== null;
  } catch {
    return false;
  }
}

/** End a session that was left without a network, before anything else is sent; throws while there still is none. */
export async function leftBefore(headers: Record<string, string>): Promise<void> {
  if (!owed()) return;
  ending ??= end(headers).finally(() => {
    ending = null;
  });
  await ending;
}

async function end(headers: Record<string, string>): Promise<void> {
  const answer = await fetch('/api/v1/session', { method: 'DELETE', headers, credentials: 'same-origin' });
  if (answer.status >= 500) throw new TypeError(`the session was not ended: ${answer.status}`);
  localStorage.removeItem(KEPT);
}
