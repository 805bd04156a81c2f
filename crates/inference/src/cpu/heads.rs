//! What happens to the heads of query and key before attention.

use super::step::{Step, part};

impl Step<'_> {
    /// `q = norm(q)`, `k = norm(k)`, each head by itself.
    pub fn norm_heads(&self, query: &[f32], key: &[f32]) {
        let (config, state) = (&self.model.config, self.state);
        let (head_dim, eps) = (config.head_dim, config.rms_norm_eps as f32);
        let mut normed = vec![0.0; head_dim];
        let sides =
            [(&state.query, config.num_heads, query), (&state.key, config.num_kv_heads, key)];
        for (heads, count, weight) in sides {
            self.worker.each(self.rows(), 1, |rows| {
                // SAFETY: each row is given to one worker.
                let rows = unsafe {
                    heads.part_mut(rows.start * count * head_dim..rows.end * count * head_dim)
                };
                for head in rows.chunks_exact_mut(head_dim) {
                    self.model.vectors.rms_norm(head, weight, eps, &mut normed);
                    head.copy_from_slice(&normed);
                }
            });
        }
        self.worker.barrier();
    }

    /// `q = R(position) q`, `k = R(position) k`; `k` and `v` go to the cache
    /// of a layer.
    pub fn rotate_and_keep(&self, layer: usize) {
        let (config, state) = (&self.model.config, self.state);
        let (head_dim, kv_heads) = (config.head_dim, config.num_kv_heads);
        let (rope, vectors) = (&self.model.rope, self.model.vectors);
        self.worker.each(self.rows(), 1, |rows| {
            for row in rows {
                let token = self.batch.rows()[row];
                let (cos, sin) = state.angles[part(row, head_dim)].split_at(head_dim / 2);
                // SAFETY: each row is given to one worker.
                let (query, key) = unsafe {
                    (
                        state.query.part_mut(part(row, config.num_heads * head_dim)),
                        state.key.part_mut(part(row, kv_heads * head_dim)),
                    )
                };
                let factor = rope.query_factor(token.position);
                for head in query.chunks_exact_mut(head_dim) {
                    vectors.rotate(head, cos, sin, rope.interleaved);
                    if factor > 1.0 {
                        for number in head {
                            *number *= factor;
                        }
                    }
                }
                let (page, slot) = self.place(token.run, token.position);
                let values = state.value[part(row, kv_heads * head_dim)].chunks_exact(head_dim);
                for (number, (key, value)) in key.chunks_exact_mut(head_dim).zip(values).enumerate()
                {
                    vectors.rotate(key, cos, sin, rope.interleaved);
                    // SAFETY: a position of a sequence is one row of one batch,
                    // and pages that are written belong to one sequence.
                    unsafe { self.pages.write(page, layer, number, slot, key, value) };
                }
            }
        });
        self.worker.barrier();
    }
}
