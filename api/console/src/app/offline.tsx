import type { ReactElement } from 'react';
import { writtenInstant } from '../parts/written';
import { useWords } from '../words/catalogue';
import { useOnline } from './online';
import { outbox } from './outbox';
import { useStored } from './store';
import { words } from './words';

/** The grey bar of no network, and what a plain connection cannot do. */
export function OfflineBar(): ReactElement | null {
  const t = useWords(words);
  const online = useOnline();
  const { waiting, refused, syncedAt } = useStored(outbox);
  const parts = [
    online ? '' : t.offline,
    waiting > 0 ? t.waiting(waiting) : '',
    refused > 0 ? t.refused(refused) : '',
    online ? '' : syncedAt === null ? t.neverSynced : t.synced(writtenInstant(syncedAt).slice(11)),
  ].filter((part) => part !== '');
  if (online && refused === 0) return window.isSecureContext ? null : <div className="bar">{t.plain}</div>;
  return (
    <div className="bar" role="status">
      {parts.join(' · ')}
    </div>
  );
}
