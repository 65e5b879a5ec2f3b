import type { ReactElement } from 'react';
import { useEffect, useRef } from 'react';
import { Link } from 'react-router';
import { leftBox, useKeys } from '../../app/keys';
import { Refusal } from '../../contract/client';
import { Button } from '../../parts/Button';
import { Failure } from '../../parts/Failure';
import { Skeleton } from '../../parts/ListState';
import { useWords } from '../../words/catalogue';
import { shared } from '../../words/shared';
import { useAlert } from './asked';
import { Contents } from './Contents';
import { words } from './words';

type Props = {
  id: string;
  place: { at: number; of: number } | null;
  onStep: (by: number) => void;
  onClose: () => void;
};

/** The alert beside the list, which stays as it was. */
export function Drawer({ id, place, onStep, onClose }: Props): ReactElement {
  const t = useWords(words);
  const common = useWords(shared);
  const box = useRef<HTMLElement>(null);
  useKeys({ Escape: (event) => leftBox(event) || onClose() });
  useEffect(() => {
    // Newer browsers answer with a promise, which is no way to clean up.
    box.current?.scrollTo(0, 0);
  }, []);
  return (
    <aside className="drawer" aria-label={t.alert} ref={box}>
      <div className="drawer-top">
        <Button size="small" disabled={place === null || place.at <= 0} onClick={() => onStep(-1)}>
          {t.previous}
        </Button>
        {place === null ? null : <span>{t.place(place.at + 1, place.of)}</span>}
        <Button size="small" disabled={place === null || place.at >= place.of - 1} onClick={() => onStep(1)}>
          {t.next}
        </Button>
        <span className="header-rest" />
        <Link to={`/alerts/${id}`}>{common.more}</Link>
        <Button size="small" type="text" aria-label={common.close} onClick={onClose}>
          ×
        </Button>
      </div>
      <Opened id={id} />
    </aside>
  );
}

/** One alert, whichever way it was come to. */
export function Opened({ id }: { id: string }): ReactElement {
  const t = useWords(words);
  const query = useAlert(id);
  if (query.isPending) return <Skeleton />;
  if (query.data === undefined) {
    const hidden = query.error instanceof Refusal && [403, 404, 422].includes(query.error.status);
    if (hidden) return <p role="alert">{t.notYours}</p>;
    return <Failure error={query.error} what={t.alert} onRetry={query.refetch} />;
  }
  return <Contents alert={query.data.said} />;
}
