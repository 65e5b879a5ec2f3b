import { store } from './store';

/** What waits on this device to be sent, and when it last was; the visits' outbox keeps it up to date. */
export const outbox = store<{ waiting: number; refused: number; drafts: number; syncedAt: string | null }>({
  waiting: 0,
  refused: 0,
  drafts: 0,
  syncedAt: null,
});
