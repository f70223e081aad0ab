//! Running a compiled network allocates nothing.

use engine::Engine;
use search_space::{Weights, published};

#[test]
fn runs_allocate_nothing() {
    for name in published::network_names() {
        let network = published::network(&format!("{name}@resolution=64")).expect(name);
        let graph = network.lower().expect(name);
        let mut engine = Engine::new(&graph, &Weights::random(&graph, 0), 1).expect(name);
        let image = vec![0.5; engine.image_len()];
        let mut unit_ms = vec![0.0; engine.units()];
        let counts = allocation_counter::measure(|| {
            engine.run(&image);
            engine.run_clocked(&image, &mut unit_ms);
        });
        assert_eq!(counts.count_total, 0, "{name}");
    }
}
