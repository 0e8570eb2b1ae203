//! The papers that methods and measures come from.

/// A paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference {
    /// As a paragraph names it.
    pub cited: &'static str,
    /// As BibTeX has it.
    pub entry: &'static str,
}

macro_rules! references {
    ($($name:ident, $cited:literal, $entry:literal;)+) => {
        $(pub const $name: Reference = Reference { cited: $cited, entry: $entry };)+
        /// Every one.
        #[cfg(test)]
        pub const ALL: &[Reference] = &[$($name),+];
    };
}

references! {
    SIMONYAN, "Simonyan et al., 2014", "@inproceedings{simonyan2014deep,
  title = {Deep Inside Convolutional Networks: Visualising Image Classification Models and Saliency Maps},
  author = {Simonyan, Karen and Vedaldi, Andrea and Zisserman, Andrew},
  booktitle = {Workshop at the International Conference on Learning Representations (ICLR)},
  year = {2014},
  eprint = {1312.6034},
  archiveprefix = {arXiv}
}";
    SHRIKUMAR, "Shrikumar et al., 2016", "@misc{shrikumar2016not,
  title = {Not Just a Black Box: Learning Important Features Through Propagating Activation Differences},
  author = {Shrikumar, Avanti and Greenside, Peyton and Shcherbina, Anna and Kundaje, Anshul},
  year = {2016},
  eprint = {1605.01713},
  archiveprefix = {arXiv}
}";
    SUNDARARAJAN, "Sundararajan et al., 2017", "@inproceedings{sundararajan2017axiomatic,
  title = {Axiomatic Attribution for Deep Networks},
  author = {Sundararajan, Mukund and Taly, Ankur and Yan, Qiqi},
  booktitle = {Proceedings of the 34th International Conference on Machine Learning},
  series = {Proceedings of Machine Learning Research},
  volume = {70},
  pages = {3319--3328},
  year = {2017}
}";
    SMILKOV, "Smilkov et al., 2017", "@misc{smilkov2017smoothgrad,
  title = {{SmoothGrad}: Removing Noise by Adding Noise},
  author = {Smilkov, Daniel and Thorat, Nikhil and Kim, Been and Vi{\\'e}gas, Fernanda and Wattenberg, Martin},
  year = {2017},
  eprint = {1706.03825},
  archiveprefix = {arXiv}
}";
    ZEILER, "Zeiler and Fergus, 2014", "@inproceedings{zeiler2014visualizing,
  title = {Visualizing and Understanding Convolutional Networks},
  author = {Zeiler, Matthew D. and Fergus, Rob},
  booktitle = {Computer Vision -- ECCV 2014},
  pages = {818--833},
  year = {2014},
  doi = {10.1007/978-3-319-10590-1_53}
}";
    RIBEIRO, "Ribeiro et al., 2016", "@inproceedings{ribeiro2016why,
  title = {``Why Should {I} Trust You?'': Explaining the Predictions of Any Classifier},
  author = {Ribeiro, Marco Tulio and Singh, Sameer and Guestrin, Carlos},
  booktitle = {Proceedings of the 22nd ACM SIGKDD International Conference on Knowledge Discovery and Data Mining},
  pages = {1135--1144},
  year = {2016},
  doi = {10.1145/2939672.2939778}
}";
    LUNDBERG, "Lundberg and Lee, 2017", "@inproceedings{lundberg2017unified,
  title = {A Unified Approach to Interpreting Model Predictions},
  author = {Lundberg, Scott M. and Lee, Su-In},
  booktitle = {Advances in Neural Information Processing Systems 30},
  pages = {4765--4774},
  year = {2017}
}";
    OWEN, "Owen, 1977", "@incollection{owen1977values,
  title = {Values of Games with a Priori Unions},
  author = {Owen, Guilliermo},
  booktitle = {Mathematical Economics and Game Theory},
  pages = {76--88},
  year = {1977},
  doi = {10.1007/978-3-642-45494-3_7}
}";
    JAIN, "Jain and Wallace, 2019", "@inproceedings{jain2019attention,
  title = {Attention is not Explanation},
  author = {Jain, Sarthak and Wallace, Byron C.},
  booktitle = {Proceedings of the 2019 Conference of the North American Chapter of the Association for Computational Linguistics: Human Language Technologies, Volume 1},
  pages = {3543--3556},
  year = {2019},
  doi = {10.18653/v1/N19-1357}
}";
    ABNAR, "Abnar and Zuidema, 2020", "@inproceedings{abnar2020quantifying,
  title = {Quantifying Attention Flow in Transformers},
  author = {Abnar, Samira and Zuidema, Willem},
  booktitle = {Proceedings of the 58th Annual Meeting of the Association for Computational Linguistics},
  pages = {4190--4197},
  year = {2020},
  doi = {10.18653/v1/2020.acl-main.385}
}";
    CHEFER, "Chefer et al., 2021", "@inproceedings{chefer2021generic,
  title = {Generic Attention-Model Explainability for Interpreting Bi-Modal and Encoder-Decoder Transformers},
  author = {Chefer, Hila and Gur, Shir and Wolf, Lior},
  booktitle = {Proceedings of the IEEE/CVF International Conference on Computer Vision (ICCV)},
  year = {2021},
  eprint = {2103.15679},
  archiveprefix = {arXiv}
}";
    MOHEBBI, "Mohebbi et al., 2023", "@inproceedings{mohebbi2023quantifying,
  title = {Quantifying Context Mixing in Transformers},
  author = {Mohebbi, Hosein and Zuidema, Willem and Chrupa{\\l}a, Grzegorz and Alishahi, Afra},
  booktitle = {Proceedings of the 17th Conference of the European Chapter of the Association for Computational Linguistics},
  pages = {3378--3400},
  year = {2023},
  doi = {10.18653/v1/2023.eacl-main.245}
}";
    VIG, "Vig, 2019", "@inproceedings{vig2019multiscale,
  title = {A Multiscale Visualization of Attention in the Transformer Model},
  author = {Vig, Jesse},
  booktitle = {Proceedings of the 57th Annual Meeting of the Association for Computational Linguistics: System Demonstrations},
  pages = {37--42},
  year = {2019},
  doi = {10.18653/v1/P19-3007}
}";
    YIN, "Yin and Neubig, 2022", "@inproceedings{yin2022interpreting,
  title = {Interpreting Language Models with Contrastive Explanations},
  author = {Yin, Kayo and Neubig, Graham},
  booktitle = {Proceedings of the 2022 Conference on Empirical Methods in Natural Language Processing},
  pages = {184--198},
  year = {2022},
  doi = {10.18653/v1/2022.emnlp-main.14}
}";
    SAMEK, "Samek et al., 2017", "@article{samek2017evaluating,
  title = {Evaluating the Visualization of What a Deep Neural Network Has Learned},
  author = {Samek, Wojciech and Binder, Alexander and Montavon, Gr{\\'e}goire and Lapuschkin, Sebastian and M{\\\"u}ller, Klaus-Robert},
  journal = {IEEE Transactions on Neural Networks and Learning Systems},
  volume = {28},
  number = {11},
  pages = {2660--2673},
  year = {2017},
  doi = {10.1109/TNNLS.2016.2599820}
}";
    PETSIUK, "Petsiuk et al., 2018", "@inproceedings{petsiuk2018rise,
  title = {{RISE}: Randomized Input Sampling for Explanation of Black-box Models},
  author = {Petsiuk, Vitali and Das, Abir and Saenko, Kate},
  booktitle = {Proceedings of the British Machine Vision Conference (BMVC)},
  year = {2018},
  eprint = {1806.07421},
  archiveprefix = {arXiv}
}";
    DEYOUNG, "DeYoung et al., 2020", "@inproceedings{deyoung2020eraser,
  title = {{ERASER}: A Benchmark to Evaluate Rationalized {NLP} Models},
  author = {DeYoung, Jay and Jain, Sarthak and Rajani, Nazneen Fatema and Lehman, Eric and Xiong, Caiming and Socher, Richard and Wallace, Byron C.},
  booktitle = {Proceedings of the 58th Annual Meeting of the Association for Computational Linguistics},
  pages = {4443--4458},
  year = {2020},
  doi = {10.18653/v1/2020.acl-main.408}
}";
    ATTANASIO, "Attanasio et al., 2023", "@inproceedings{attanasio2023ferret,
  title = {ferret: a Framework for Benchmarking Explainers on Transformers},
  author = {Attanasio, Giuseppe and Pastor, Eliana and Di Bonaventura, Chiara and Nozza, Debora},
  booktitle = {Proceedings of the 17th Conference of the European Chapter of the Association for Computational Linguistics: System Demonstrations},
  pages = {256--266},
  year = {2023},
  doi = {10.18653/v1/2023.eacl-demo.29}
}";
    YEH, "Yeh et al., 2019", "@inproceedings{yeh2019fidelity,
  title = {On the (In)fidelity and Sensitivity of Explanations},
  author = {Yeh, Chih-Kuan and Hsieh, Cheng-Yu and Suggala, Arun Sai and Inouye, David I. and Ravikumar, Pradeep},
  booktitle = {Advances in Neural Information Processing Systems 32},
  year = {2019}
}";
    ADEBAYO, "Adebayo et al., 2018", "@inproceedings{adebayo2018sanity,
  title = {Sanity Checks for Saliency Maps},
  author = {Adebayo, Julius and Gilmer, Justin and Muelly, Michael and Goodfellow, Ian and Hardt, Moritz and Kim, Been},
  booktitle = {Advances in Neural Information Processing Systems 31},
  year = {2018}
}";
    MICHEL, "Michel et al., 2019", "@inproceedings{michel2019sixteen,
  title = {Are Sixteen Heads Really Better than One?},
  author = {Michel, Paul and Levy, Omer and Neubig, Graham},
  booktitle = {Advances in Neural Information Processing Systems 32},
  year = {2019}
}";
    CLARK, "Clark et al., 2019", "@inproceedings{clark2019what,
  title = {What Does {BERT} Look at? An Analysis of {BERT}'s Attention},
  author = {Clark, Kevin and Khandelwal, Urvashi and Levy, Omer and Manning, Christopher D.},
  booktitle = {Proceedings of the 2019 ACL Workshop BlackboxNLP: Analyzing and Interpreting Neural Networks for NLP},
  pages = {276--286},
  year = {2019},
  doi = {10.18653/v1/W19-4828}
}";
    LENS, "nostalgebraist, 2020", "@misc{nostalgebraist2020interpreting,
  title = {interpreting {GPT}: the logit lens},
  author = {{nostalgebraist}},
  howpublished = {LessWrong},
  year = {2020}
}";
    ELHAGE, "Elhage et al., 2021", "@article{elhage2021mathematical,
  title = {A Mathematical Framework for Transformer Circuits},
  author = {Elhage, Nelson and Nanda, Neel and Olsson, Catherine and Henighan, Tom and Joseph, Nicholas and Mann, Ben and others},
  journal = {Transformer Circuits Thread},
  year = {2021}
}";
    OLSSON, "Olsson et al., 2022", "@article{olsson2022context,
  title = {In-context Learning and Induction Heads},
  author = {Olsson, Catherine and Elhage, Nelson and Nanda, Neel and Joseph, Nicholas and DasSarma, Nova and Henighan, Tom and others},
  journal = {Transformer Circuits Thread},
  year = {2022},
  eprint = {2209.11895},
  archiveprefix = {arXiv}
}";
    MENG, "Meng et al., 2022", "@inproceedings{meng2022locating,
  title = {Locating and Editing Factual Associations in {GPT}},
  author = {Meng, Kevin and Bau, David and Andonian, Alex and Belinkov, Yonatan},
  booktitle = {Advances in Neural Information Processing Systems 35},
  year = {2022},
  eprint = {2202.05262},
  archiveprefix = {arXiv}
}";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_entry_is_whole_and_says_the_year_that_it_is_cited_by() {
        let mut keys = BTreeSet::new();
        for Reference { cited, entry } in ALL {
            let depth =
                |text: &str| text.chars().fold(0_i32, |depth, c| depth + i32::from(c == '{') - i32::from(c == '}'));
            assert_eq!(depth(entry), 0, "{entry}");
            let year = &cited[cited.len() - 4..];
            assert!(entry.contains(&format!("year = {{{year}}}")), "{entry}");
            let key = entry.split(['{', ',']).nth(1).unwrap();
            assert!(key.contains(year) && keys.insert(key), "{key}");
            for field in ["title", "author"] {
                assert!(entry.contains(&format!("  {field} = {{")), "{field}: {entry}");
            }
            let author = cited.split([' ', ',']).next().unwrap();
            assert!(
                entry.contains(&format!("author = {{{author}")) || entry.contains(&format!("{{{{{author}")),
                "{entry}"
            );
        }
    }
}
