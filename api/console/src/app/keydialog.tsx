import { Switch } from 'antd';
import type { ReactElement } from 'react';
import { Dialog } from '../parts/Dialog';
import { useWords } from '../words/catalogue';
import { keysOn, switchKeys } from './keys';
import { useStored } from './store';
import { keyWords, words } from './words';

const SHOWN: Record<string, string> = { 'g q': 'G Q', X: 'Shift+X', Escape: 'Esc' };

/** What each key does, and the switch that turns them off. */
export default function KeyDialog({ onClose }: { onClose: () => void }): ReactElement {
  const t = useWords(words);
  const named = useWords(keyWords);
  const on = useStored(keysOn);
  return (
    <Dialog title={t.keys} onClose={onClose}>
      <p className="switch-line">
        <Switch checked={on} onChange={switchKeys} aria-label={t.keysOn} /> {t.keysOn}
      </p>
      <p className="quiet">{t.keysHint}</p>
      <dl className="key-list">
        {Object.entries(named).map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{SHOWN[key] ?? key.toUpperCase()}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
