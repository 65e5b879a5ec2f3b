import type { ReactElement } from 'react';
import { Link } from 'react-router';
import paths from '../../../paths.json';
import { Button } from '../../parts/Button';
import { useServed, useWords } from '../../words/catalogue';
import { shared } from '../../words/shared';
import type { LeftOut } from './bulk';
import { words } from './bulk-words';

/** Row by row, what an act of many, or its undoing, left as it was, and why. */
export function NotDone({ answer, onClose }: { answer: LeftOut; onClose: () => void }): ReactElement {
  const t = useWords(words);
  const common = useWords(shared);
  const served = useServed();
  const { of, lines } = answer;
  return (
    <div className="refused" role="status">
      <h2>{of === 'done' ? t.notDone(lines.length) : t.notUndone(lines.length)}</h2>
      <p>{of === 'done' ? t.notDoneNext : t.notUndoneNext}</p>
      <ul>
        {lines.map((one) => (
          <li key={one.id}>
            <Link to={paths.alert.replace(':id', one.id)}>{one.who || t.unnamed}</Link>：{served(one.zh, one.en)}
          </li>
        ))}
      </ul>
      <Button size="small" onClick={onClose}>
        {common.close}
      </Button>
    </div>
  );
}
